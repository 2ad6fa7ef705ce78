"""A dataset while it is written: a hidden folder beside its final place."""

import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data import observations, truth
from hydra_llm.data.files import ArrayFile, sync_folder, write_json
from hydra_llm.data.fingerprint import source_hash
from hydra_llm.systems.base import Recording, System

RECORD = "record.json"  # lists every file with its size; written last
SCHEMA = 1


def draft_name(fingerprint: str) -> str:
    """A folder name that says which process writes it."""
    return f".tmp-{fingerprint}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


class Draft:
    """Takes recordings in their order and becomes a folder that can be renamed into place."""

    def __init__(self, folder: Path, system: System, fingerprint: str) -> None:
        self.folder, self._system, self._fingerprint = folder, system, fingerprint
        folder.mkdir()
        self._files: dict[tuple[str, str], ArrayFile] = {}
        for split, n_frames in system.n_frames.items():
            for array, n_columns in system.arrays().items():
                part = truth.FOLDER if array == "clean_activity" else observations.FOLDER
                path = folder / part / split / f"{array}.npy"
                self._files[split, array] = ArrayFile(path, (n_frames, n_columns), np.dtype(system.dtype))

    def write(self, recording: Recording) -> None:
        """Append one recording to its split."""
        for array in self._system.arrays():
            frames = getattr(recording, array).numpy()
            observations.check_numbers(frames, array, recording.split, self.folder)
            self._files[recording.split, array].append(recording.start, frames)

    def finish(self) -> None:
        """Write the truth and the record, and flush everything to the disk."""
        for file in self._files.values():
            file.close()
        system = self._system
        arrays = {array: width for array, width in system.arrays().items() if array != "clean_activity"}
        structure = system.structure()
        _write_tensors(self.folder / observations.STRUCTURE, structure)
        meta = {**system.observation_meta(), "arrays": arrays, "structure": sorted(structure)}
        write_json(self.folder / observations.FOLDER / "meta.json", meta)
        tensors = system.truth()
        _write_tensors(self.folder / truth.FOLDER, tensors)
        write_json(self.folder / truth.FOLDER / "meta.json", {**system.truth_meta(), "tensors": list(tensors)})
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        record = {
            "schema": SCHEMA,
            "fingerprint": self._fingerprint,
            "system": system.name,
            "keys": dict(system.keys),
            "seed": system.seed,
            "dtype": system.dtype,
            "sources": source_hash(),
            "torch": torch.__version__,
            "files": {path.relative_to(self.folder).as_posix(): path.stat().st_size for path in files},
        }
        write_json(self.folder / RECORD, record)
        for folder in (self.folder, *(path for path in self.folder.rglob("*") if path.is_dir())):
            sync_folder(folder)

    def discard(self) -> None:
        for file in self._files.values():
            file.abandon()
        shutil.rmtree(self.folder, ignore_errors=True)


def _write_tensors(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """One .npy file per tensor, flushed; a scalar becomes an array of one."""
    for name, tensor in tensors.items():
        values = torch.atleast_1d(tensor).numpy()
        file = ArrayFile(folder / f"{name}.npy", values.shape, values.dtype)
        file.append(0, values)
        file.close()
