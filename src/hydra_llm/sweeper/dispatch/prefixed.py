"""A launcher whose jobs are processes behind a command of the user's, such as that of a container.

The process gets its job on standard input and leaves its result in the job's folder, as JSON. Nothing that it wrote is
unpickled: what ran in a container must not run out here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from hydra_llm.code.prefix import prefixed
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.job.result_recorder import RESULT_NAME

KILLED = 128  # a shell and a container report signal N as 128 + N


class PrefixedLauncher(Launcher):
    """prefix: the words before the command of every job; `{folder}` is the job's folder, which is there by then."""

    config: DictConfig
    hydra_context: HydraContext
    task_function: TaskFunction

    def __init__(self, prefix: Sequence[str]) -> None:
        self._prefix = prefix

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Returns nothing: results are in the folders of the jobs. Raises SystemExit for a job that ended its process,
        and RuntimeError for a process that was killed, both without a result.
        """
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            self._run(list(overrides), number)
        return []

    def _run(self, overrides: list[str], number: int) -> None:
        import cloudpickle

        config = self.hydra_context.config_loader.load_sweep_config(self.config, overrides)
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
        folder = (Path(config.hydra.sweep.dir) / str(config.hydra.sweep.subdir)).absolute()
        folder.mkdir(parents=True, exist_ok=True)  # a container cannot, where it may write nothing around it
        job = cloudpickle.dumps((self.hydra_context, self.task_function, config, Singleton.get_state()))
        command = prefixed(self._prefix, folder, [sys.executable, "-m", "hydra_llm.sweeper.job.prefixed_job"])
        status = subprocess.run(command, input=job, env=_environment(), check=False).returncode
        if (folder / RESULT_NAME).exists():
            return
        if status < 0 or status > KILLED:
            raise RuntimeError(f"the process behind hydra.sweeper.prefix was killed (status {status})")
        raise SystemExit(status)


def check_prefix(prefix: Sequence[str], kind: str, mode: str) -> None:
    """Raises SweepError for a prefix behind which no Python of ours runs, and where nothing would take it."""
    if kind != "basic" or mode != "search":
        raise SweepError(
            f"hydra.sweeper.prefix takes hydra/launcher=basic and mode=search, got {kind} and {mode}: other jobs are "
            "started by Hydra's own launchers. Leave it out, or run them in a container by their own means."
        )
    ours = [sys.executable, "-c", "import hydra_llm.sweeper.job.prefixed_job"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                prefixed(prefix, Path(folder), ours),
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise SweepError(f"hydra.sweeper.prefix={list(prefix)} cannot be started: {error}.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise SweepError(
            f"Behind hydra.sweeper.prefix={list(prefix)} Python cannot import hydra_llm (status {done.returncode}: "
            f"{(said or ['nothing was said'])[-1]}). A container must be able to read Python, its packages and the "
            "project."
        )


def _environment() -> dict[str, str]:
    """Modules are found as here, those beside the script of the task included."""
    paths = [str(Path(entry).absolute()) for entry in sys.path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
