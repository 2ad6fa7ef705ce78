"""A sweep read back from its folder, by anybody who did not run it: reports, exports, command lines.

Everything comes from `events.jsonl`; the space is rebuilt from the declaration in the header. A constraint is code of
the application and is not brought back, so a space read here refuses nothing that the sweep ran.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_llm.search.log.event_log import EVENTS_NAME, EventLogError, read_events
from hydra_llm.search.log.events import Asked, Event, Finished, Header, Session, SessionSettings
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Categorical, Dimension, Float, Integer, Revision, Space
from hydra_llm.search.trial.objective import Objective

KINDS: dict[str, type[Dimension]] = {kind.kind: kind for kind in (Float, Integer, Categorical, Revision)}


class NoSweepError(RuntimeError):
    """The folder holds no sweep; the message says what was looked for and where to find one."""


@dataclass(frozen=True)
class Sweep:
    """`settings` holds what the log tells of them: limits and stopping rules are not in it."""

    folder: Path
    events: list[Event]
    state: SweepState
    settings: Settings
    header: Header

    @property
    def ended(self) -> str:
        """Why the last session ended, "" while it runs or after a crash."""
        last = self.events[-1]
        return last.reason if isinstance(last, Finished) else ""

    @property
    def parts(self) -> dict[str, str]:
        """Names of what proposes, selects and prunes in the latest session; without those that it does not tell."""
        latest = next((event for event in reversed(self.events) if isinstance(event, Session)), None)
        if latest is None:
            return {}
        told = latest.settings
        named = {"proposer": latest.proposer, "selection": told.selection, "pruning": told.pruning}
        return {part: name for part, name in named.items() if name}


def read_sweep(folder: Path) -> Sweep:
    """Raises NoSweepError where there is no log, EventLogError for a damaged one."""
    events = read_events(folder / EVENTS_NAME)
    header = events[0] if events else None
    if not isinstance(header, Header):
        raise NoSweepError(
            f"{folder} holds no {EVENTS_NAME} of a sweep. Give the folder that hydra.sweep.dir names; "
            "the sweeper prints it at the start."
        )
    try:
        settings = settings_of(header, events)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EventLogError(
            f"{folder / EVENTS_NAME}, line 1 describes no sweep ({type(error).__name__}: {error}). "
            "The header was edited or damaged; restore it from a copy."
        ) from error
    state = SweepState(
        *(settings.space, settings.objective, events),
        reward=settings.reward,
        ceiling=settings.ceiling,
        objectives=settings.objectives,
        compared_by=settings.compared_by,
    )
    return Sweep(folder, events, state, settings, header)


def settings_of(header: Header, events: Sequence[Event]) -> Settings:
    """From the header, and from what the latest session recorded; sweeps of older versions lack the second."""
    sessions = [event.settings for event in events if isinstance(event, Session)]
    told = next((settings for settings in reversed(sessions) if settings.n_trials), SessionSettings())
    return Settings(
        space=space_of(header.space),
        objective=Objective(header.metric, header.direction, header.target),
        n_trials=told.n_trials or max(1, sum(len(event.trials) for event in events if isinstance(event, Asked))),
        n_parallel=told.n_parallel or 1,
        seed=header.seed,
        n_iter_block=told.n_iter_block,
        block_space=None if header.block_space is None else space_of(header.block_space),
        seed_keys=header.seed_keys,
        fresh_seeds=bool(header.identity.get("fresh_seeds")),
        reward=told.reward or "mean",
        thresholds=told.thresholds,
        ceiling=told.ceiling,
        task=told.task or str(header.identity.get("task") or ""),
        identity=header.identity,
        objectives=header.objectives,
    )


def space_of(spec: Sequence[Mapping[str, Any]]) -> Space:
    """The inverse of Space.spec."""
    return Space(tuple(_dimension(entry) for entry in spec))


def _dimension(entry: Mapping[str, Any]) -> Dimension:
    fields = {name: value for name, value in entry.items() if name != "kind"}
    fields["when"] = {name: tuple(options) for name, options in fields.get("when", {}).items()}
    if "choices" in fields:
        fields["choices"] = tuple(fields["choices"])
    if entry["kind"] == Integer.kind:  # its ends were not always held to whole numbers
        inner = {"low": math.ceil(fields["low"]), "high": math.floor(fields["high"])}
        fields |= {end: whole for end, whole in inner.items() if fields[end] != whole}
    return KINDS[entry["kind"]](**fields)
