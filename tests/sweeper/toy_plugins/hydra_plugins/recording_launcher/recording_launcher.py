"""A launcher that works as the basic one and writes down when each launch() began and ended, and in which process."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn

TARGET = "hydra_plugins.recording_launcher.recording_launcher.RecordingLauncher"


class RecordingLauncher(BasicLauncher):
    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        began = time.time()
        returns = super().launch(job_overrides, initial_job_idx)
        record = {"first": initial_job_idx, "jobs": len(job_overrides), "pid": os.getpid()}
        with Path(os.environ["RECORD_FILE"]).open("a") as file:
            file.write(json.dumps({**record, "began": began, "ended": time.time()}) + "\n")
        return returns


ConfigStore.instance().store(group="hydra/launcher", name="recording", node={"_target_": TARGET})
