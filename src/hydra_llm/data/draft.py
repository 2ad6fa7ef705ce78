"""A dataset while it is written: a hidden folder beside its final place."""

import os
import secrets
import shutil
import socket
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from hydra_llm.data import observations, truth
from hydra_llm.data.drafts import PROGRESS, segments_done, write_progress
from hydra_llm.data.files import ArrayFile, read_array, sync_folder, write_json, write_tensors
from hydra_llm.data.fingerprint import SCHEMA, simulator_version
from hydra_llm.dataset_names import DRAFT, RECORD
from hydra_llm.systems.base import Recording, System
from hydra_llm.systems.integration_error import Stepped, integration_error, sampled

HIDDEN = ("clean_activity",)  # arrays that no experiment records
FLUSH_INTERVAL_S = 20.0


def draft_name(fingerprint: str) -> str:
    """A folder name that says which process writes it."""
    return f"{DRAFT}{fingerprint}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


class Draft:
    """Takes recordings in their order and becomes a folder that can be renamed into place.

    A folder that exists is continued after the segments that are safely in it. What a killed process could continue
    with is flushed whenever a segment ends `flush_interval_s` seconds or more after the last time.
    """

    def __init__(
        self, folder: Path, system: System, fingerprint: str, flush_interval_s: float = FLUSH_INTERVAL_S
    ) -> None:
        self.folder, self._system, self._fingerprint = folder, system, fingerprint
        self._flush_interval_s = flush_interval_s
        folder.mkdir(exist_ok=True)
        self.n_segments = segments_done(folder)  # that need not be simulated again
        self._flushed = time.monotonic()
        written = {
            split: max((part.stop for part in system.segments()[: self.n_segments] if split in part.splits), default=0)
            for split in system.n_frames
        }
        self._files: dict[tuple[str, str], ArrayFile] = {}
        for split, n_frames in system.n_frames.items():
            for array, n_columns in system.arrays().items():
                part = truth.FOLDER if array in HIDDEN else observations.FOLDER
                path = folder / part / split / f"{array}.npy"
                shape, dtype = (n_frames, n_columns), np.dtype(system.dtype)
                self._files[split, array] = ArrayFile(path, shape, dtype, written[split])

    def write(self, recording: Recording) -> None:
        """Append one recording to its split."""
        for array in self._system.arrays():
            frames = getattr(recording, array).numpy()
            observations.check_numbers(frames, array, recording.split, self.folder)
            self._files[recording.split, array].append(recording.start, frames)

    def complete(self) -> None:
        """One more segment is written. Now and then, what a killed process could continue with is flushed."""
        self.n_segments += 1
        if self._system.independent_segments and time.monotonic() - self._flushed >= self._flush_interval_s:
            self._flush()

    def suspend(self) -> bool:
        """Close the files so that another draft can continue; False if there is nothing that could be continued."""
        if not self._system.independent_segments or self.n_segments == 0:
            return False
        self._flush()
        for file in self._files.values():
            file.abandon()
        return True

    def _flush(self) -> None:
        for file in self._files.values():
            file.flush()
        write_progress(self.folder, self.n_segments)
        self._flushed = time.monotonic()

    def finish(self) -> None:
        """Write the truth and the record, and flush everything to the disk."""
        for file in self._files.values():
            file.close()
        (self.folder / PROGRESS).unlink(missing_ok=True)
        system = self._system
        arrays = {array: width for array, width in system.arrays().items() if array not in HIDDEN}
        hidden = [array for array in system.arrays() if array in HIDDEN]
        structure = system.structure()
        write_tensors(self.folder / observations.STRUCTURE, structure)
        meta = {**system.observation_meta(), "arrays": arrays, "structure": sorted(structure)}
        write_json(self.folder / observations.FOLDER / "meta.json", meta)
        tensors = system.truth()
        write_tensors(self.folder / truth.FOLDER, tensors)
        known = {**system.truth_meta(), **self._accuracy(), "tensors": list(tensors), "arrays": hidden}
        write_json(self.folder / truth.FOLDER / "meta.json", known)
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        record = {
            "schema": SCHEMA,
            "fingerprint": self._fingerprint,
            "system": system.name,
            "keys": dict(system.keys),
            "seed": system.seed,
            "dtype": system.dtype,
            "sources": simulator_version(system),
            "torch": torch.__version__,
            "files": {path.relative_to(self.folder).as_posix(): path.stat().st_size for path in files},
        }
        write_json(self.folder / RECORD, record)
        for folder in (self.folder, *(path for path in self.folder.rglob("*") if path.is_dir())):
            sync_folder(folder)

    def _accuracy(self) -> dict[str, dict[str, float]]:
        """integration_error of the training trajectory, where an integrator made it."""
        if not isinstance(self._system, Stepped):
            return {}
        recorded = self.folder / observations.FOLDER / "train"
        states = read_array(
            self.folder / truth.FOLDER / "train" / "clean_activity.npy"
            if "clean_activity" in self._system.arrays()
            else recorded / "activity.npy"
        )
        frames = sampled(*states.shape).numpy()
        external = read_array(recorded / "external.npy") if "external" in self._system.arrays() else None
        held = None if external is None else torch.from_numpy(external[frames])
        return {"integration_error": asdict(integration_error(self._system, torch.from_numpy(states[frames]), held))}

    def discard(self) -> None:
        for file in self._files.values():
            file.abandon()
        shutil.rmtree(self.folder, ignore_errors=True)
