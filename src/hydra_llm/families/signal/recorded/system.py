"""A recording in the place of a simulated system: it is stored as a data set, and its truth stays empty."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.fingerprint import source_hash
from hydra_llm.families.signal.config import RecordedSimulation
from hydra_llm.families.signal.fitting.sessions import SESSION, VISIBLE
from hydra_llm.recordings.content import content_hash
from hydra_llm.recordings.formats import read_session
from hydra_llm.recordings.matrix_file import read_graph, read_weights
from hydra_llm.recordings.recording import OwnRecording, Stretch, cut, recording_of
from hydra_llm.recordings.session import Names, RecordingError
from hydra_llm.schema.fields import config_of
from hydra_llm.systems.base import Recording, Segment
from hydra_llm.systems.configured import identity
from hydra_llm.systems.recording import DTYPES
from hydra_llm.systems.trajectory import segments

log = logging.getLogger(__name__)

FILES = ("path", "graph_path", "truth_path")  # keys that name files: their content counts, not their names


def recorded_network(**keys: Any) -> "RecordedNetwork":
    """The recording that the keys of RecordedSimulation describe. Reads its files.

    Raises ValueError with a sentence for an unknown key, and for every recording that cannot be used.
    """
    config = config_of(RecordedSimulation, keys)
    names = Names(config.activity, config.time, config.stimulus, config.segment)
    places = _places(config)
    sessions = [read_session(path, group, names) for path, group in places]
    recording = recording_of(sessions, axes=config.axes, delta_t=config.delta_t)
    for note in recording.notes:
        log.warning("%s", note)
    return RecordedNetwork(config, tuple(path for path, _ in places), recording)


def _places(config: RecordedSimulation) -> list[tuple[Path, str | None]]:
    """Every session as a file and a group in it."""
    paths = [config.path] if isinstance(config.path, str) else config.path
    if not paths:
        raise RecordingError(
            "simulation.path must name the file of your recording, got none: "
            "python train.py simulation=recording simulation.path=activity.npz (docs/own_recording.md)."
        )
    if config.groups and len(paths) > 1:
        raise RecordingError(
            f"simulation.groups are sessions of one file, and simulation.path names {len(paths)}. Give one of the two."
        )
    files = [Path(path).expanduser() for path in paths]
    places = [(file, group) for file in files for group in config.groups or [None]]
    twice = next((place for number, place in enumerate(places) if place in places[:number]), None)
    if twice is not None:
        raise RecordingError(
            f"Every session may be given once, and {twice[0]}{f':{twice[1]}' if twice[1] else ''} is given twice: its "
            "noise would count as if it had been recorded twice."
        )
    return places


@dataclass(frozen=True)
class RecordedNetwork:
    """The System protocol around an OwnRecording. paths: of its sessions."""

    config: RecordedSimulation
    paths: tuple[Path, ...]
    recording: OwnRecording

    name = "recording"
    seed = 0  # nothing is drawn
    independent_segments = False

    @cached_property
    def parts(self) -> dict[str, list[Stretch]]:
        """The stretches of train, validation and test."""
        return cut(self.recording, self.config.validation_share, self.config.test_share)

    @cached_property
    def keys(self) -> Mapping[str, Any]:
        """Content of the files, the keys that read them, and the version of the readers."""
        others = [getattr(self.config, name) for name in FILES[1:]]
        hashes = [content_hash(path) for path in (*self.paths, *(Path(one) for one in others if one is not None))]
        known = {"graph": self.config.graph_path is not None, "truth": self.config.truth_path is not None}
        readers = source_hash("recordings", "families/signal/recorded")
        return {**identity(self.config, FILES), "content": hashes, **known, "readers": readers}

    @property
    def dtype(self) -> str:
        return self.config.dtype

    @property
    def delta_t(self) -> float:
        return self.recording.delta_t

    @property
    def n_units(self) -> int:
        return len(self.recording.names)

    @cached_property
    def n_frames(self) -> Mapping[str, int]:
        return {split: sum(map(len, stretches)) for split, stretches in self.parts.items()}

    @property
    def has_stimulus(self) -> bool:
        return self.recording.stretches[0].stimulus is not None

    @property
    def sees_all(self) -> bool:
        """Whether every session shows every unit that is used."""
        return bool(self.recording.visible.all())

    def arrays(self) -> dict[str, int]:
        return {"activity": self.n_units, **({"external": self.n_units} if self.has_stimulus else {})}

    def observation_meta(self) -> dict[str, Any]:
        sessions = {} if self.sees_all else {"n_sessions": len(self.recording.visible)}
        return {
            **sessions,
            "system": self.name,
            "n_neurons": self.n_units,
            "n_frames": dict(self.n_frames),
            "delta_t": self.delta_t,
            "external_input_mode": "additive" if self.has_stimulus else "none",
            "dtype": self.dtype,
            "unit_names": list(self.recording.names),
            "unit": self.recording.unit,
            "notes": list(self.recording.notes),
        }

    def structure(self) -> dict[str, Tensor]:
        """Where the stretches of each split begin; synapses [target, source], where the user knows which may exist.

        Where sessions show different units, VISIBLE [session, unit], and the session of every stretch of each split.
        """
        starts = {
            f"sequence_start_{split}": torch.tensor(np.cumsum([0, *map(len, stretches[:-1])]))
            for split, stretches in self.parts.items()
        }
        if not self.sees_all:
            starts[VISIBLE] = torch.from_numpy(self.recording.visible)
            for split, stretches in self.parts.items():
                starts[f"{SESSION}_{split}"] = torch.tensor([one.session for one in stretches])
        known = self._matrix("graph_path", read_graph)
        return starts if known is None else {**starts, "synapses": (known != 0).fill_diagonal_(False)}

    def truth(self) -> dict[str, Tensor]:
        """connectivity [target, source], where the user has given it."""
        weights = self._matrix("truth_path", read_weights)
        return {} if weights is None else {"connectivity": weights}

    def truth_meta(self) -> dict[str, Any]:
        return {"system": self.name}

    def drift(self, activity: Tensor, external: Tensor | None) -> Tensor:
        """Raises RecordingError: nobody knows the derivative behind a recording."""
        raise RecordingError(
            "training.target=drift is the derivative that a simulator knows, and a recording has none. Leave "
            "training.target at auto."
        )

    def segments(self) -> tuple[Segment, ...]:
        return segments(dict(self.n_frames))

    def start(self) -> "Replay":
        return Replay(self)

    def _matrix(self, key: str, read: Callable[[Path, int, str], np.ndarray]) -> Tensor | None:
        """Between the units that are used, from the file that a key names."""
        path = getattr(self.config, key)
        if path is None:
            return None
        kept = self.recording.units.kept
        whole = read(Path(path).expanduser(), len(kept), f"simulation.{key}")
        return torch.from_numpy(whole[np.ix_(kept, kept)])


class Replay:
    """Hands the stretches of each split on, one after another; zeros stand for units that a session does not show."""

    def __init__(self, network: RecordedNetwork) -> None:
        dtype = DTYPES[network.dtype]
        self._activity = {
            split: torch.from_numpy(np.nan_to_num(np.concatenate([one.activity for one in stretches]))).to(dtype)
            for split, stretches in network.parts.items()
        }
        self._external = {
            split: torch.from_numpy(np.concatenate([one.stimulus for one in stretches if one.stimulus is not None])).to(
                dtype
            )
            for split, stretches in network.parts.items()
            if network.has_stimulus
        }

    def advance(self, segment: Segment) -> tuple[Recording, ...]:
        own = slice(segment.start, segment.stop)
        return tuple(
            Recording(
                split=split,
                start=segment.start,
                activity=self._activity[split][own],
                external=self._external[split][own] if self._external else None,
                clean_activity=None,
            )
            for split in segment.splits
        )
