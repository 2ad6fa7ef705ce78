"""A sweep read back from its folder, by anybody who did not run it: reports, exports, command lines.

Everything comes from `events.jsonl`; the space is rebuilt from the declaration in the header. A constraint is code of
the application and is not brought back, so a space read here refuses nothing that the sweep ran.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_llm.search.context import Thresholds
from hydra_llm.search.log.events import EVENTS_NAME, Event, read_events
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Categorical, Dimension, Float, Integer, Space
from hydra_llm.search.trial.objective import Objective

KINDS: dict[str, type[Dimension]] = {kind.kind: kind for kind in (Float, Integer, Categorical)}


class NoSweepError(RuntimeError):
    """The folder holds no sweep; the message says what was looked for and where to find one."""


@dataclass(frozen=True)
class Sweep:
    """`settings` holds what the log tells of them: limits and stopping rules are not in it."""

    folder: Path
    events: list[Event]
    state: SweepState
    settings: Settings

    @property
    def header(self) -> Event:
        return self.state.header

    @property
    def ended(self) -> str:
        """Why the last session ended, "" while it runs or after a crash."""
        last = self.events[-1]
        return str(last.get("reason", "")) if last.get("type") == "finished" else ""


def read_sweep(folder: Path) -> Sweep:
    """Raises NoSweepError where there is no log, EventLogError for a damaged one."""
    events = read_events(folder / EVENTS_NAME)
    header = events[0] if events else {}
    if header.get("type") != "header":
        raise NoSweepError(
            f"{folder} holds no {EVENTS_NAME} of a sweep. Give the folder that hydra.sweep.dir names; "
            "the sweeper prints it at the start."
        )
    settings = settings_of(events)
    state = SweepState(settings.space, settings.objective, events, reward=settings.reward)
    return Sweep(folder, events, state, settings)


def settings_of(events: list[Event]) -> Settings:
    """From the header, and from what the latest session recorded; sweeps of older versions lack the second."""
    header = events[0]
    sessions = [event["settings"] for event in events if event.get("type") == "session" and "settings" in event]
    told: Mapping[str, Any] = sessions[-1] if sessions else {}
    identity = header.get("identity", {})
    limits = told.get("thresholds")
    blocks = header.get("block_space")
    return Settings(
        space=space_of(header["space"]),
        objective=Objective(header["metric"], header["direction"], header["target"]),
        n_trials=int(told.get("n_trials") or max(1, _asked(events))),
        n_parallel=int(told.get("n_parallel") or 1),
        seed=int(header.get("seed", 0)),
        n_iter_block=int(told.get("n_iter_block") or 0),
        block_space=None if blocks is None else space_of(blocks),
        seed_keys=tuple(header.get("seed_keys", ())),
        reward=str(told.get("reward") or "mean"),
        thresholds=None if limits is None else Thresholds(**limits),
        task=str(told.get("task") or identity.get("task") or ""),
        identity=identity,
    )


def space_of(spec: list[Mapping[str, Any]]) -> Space:
    """The inverse of Space.spec."""
    return Space(tuple(_dimension(entry) for entry in spec))


def _dimension(entry: Mapping[str, Any]) -> Dimension:
    fields = {name: value for name, value in entry.items() if name != "kind"}
    fields["when"] = {name: tuple(options) for name, options in fields.get("when", {}).items()}
    if "choices" in fields:
        fields["choices"] = tuple(fields["choices"])
    return KINDS[entry["kind"]](**fields)


def _asked(events: list[Event]) -> int:
    return sum(len(event["trials"]) for event in events if event.get("type") == "asked")
