"""Partial observation: units that are simulated and act on the others, and that nobody records.

The recording then has a column per recorded unit. The states of all units stay with the truth.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor

from hydra_llm.systems.base import Recording, System

RANDOM = "random"
RECORDED_INPUT = "recorded_input"  # of a structure: columns of external that recorded units receive; absent: all
FEWEST_RECORDED = 2


def hidden_units(number: float, which: Any, types: Tensor, type_names: Sequence[str], generator: Generator) -> Tensor:
    """Whether each unit is hidden, bool [unit].

    number: of hidden units, or their share where it is below 1. which: RANDOM, or names of types (one or a list) whose
    units may be hidden: all of them where number is 0. types [unit]: index into type_names. Raises ValueError with a
    sentence for what cannot be hidden.
    """
    n_units = len(types)
    hidden = torch.zeros(n_units, dtype=torch.bool)
    candidates = _candidates(which, types, type_names)
    n = _number(number, len(candidates))
    if which != RANDOM and number == 0:
        n = len(candidates)
    if n > len(candidates):
        raise ValueError(
            f"n_hidden_neurons must be at most {len(candidates)}, the number of neurons that simulation.hidden={which} "
            f"names, got {number:g}."
        )
    if n and n_units - n < FEWEST_RECORDED:
        raise ValueError(
            f"n_hidden_neurons must leave at least {FEWEST_RECORDED} of the {n_units} neurons to record, and {n} would "
            "be hidden. Hide fewer."
        )
    hidden[candidates[torch.randperm(len(candidates), generator=generator)[:n]]] = True
    return hidden


def _candidates(which: Any, types: Tensor, type_names: Sequence[str]) -> Tensor:
    if which == RANDOM:
        return torch.arange(len(types))
    named = [str(name) for name in ([which] if isinstance(which, str | int) else which or [])]
    unknown = [name for name in named if name not in type_names]
    if not named or unknown:
        raise ValueError(
            f"simulation.hidden must be {RANDOM}, or a list of names among {', '.join(type_names)}; got {which!r}."
        )
    numbers = torch.tensor([list(type_names).index(name) for name in named])
    return torch.isin(types, numbers).nonzero().ravel()


def _number(number: float, n_candidates: int) -> int:
    """Of units, from a number or a share. A share that would round to no unit hides one."""
    if isinstance(number, bool) or not number >= 0 or (number >= 1 and number != int(number)):
        raise ValueError(
            f"n_hidden_neurons must be a whole number of neurons, or a share of them between 0 and 1, got {number!r}."
        )
    return int(number) if number >= 1 or number == 0 else max(1, round(number * n_candidates))


def recorded_units(system: System) -> Tensor | None:
    """Units [recorded] of a system whose states are recorded, ascending; None: all, as in any system that has no word
    on it."""
    return getattr(system, "recorded_units", None)


def partly(recording: Recording, recorded: Tensor | None) -> Recording:
    """What a recording of all units becomes: columns of the recorded ones, and the states of all as clean_activity."""
    if recorded is None:
        return recording
    states = recording.activity if recording.clean_activity is None else recording.clean_activity
    return replace(recording, activity=recording.activity[:, recorded].contiguous(), clean_activity=states)
