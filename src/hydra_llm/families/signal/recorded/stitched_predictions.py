"""How well the frames that were held out are predicted a frame ahead, session by session, beside the usual rivals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hydra_llm.families.signal.fitting.hidden_paths import HiddenPaths
from hydra_llm.families.signal.fitting.sessions import Sessions
from hydra_llm.families.signal.recorded.hidden_filter import OneAhead, one_ahead
from hydra_llm.families.signal.recorded.predictions import HeldOut, held_out_of, rivals


@dataclass(frozen=True)
class SessionPrediction:
    """Of one session; memory: correlation of what one step misses with what the next one misses, median over units."""

    session: int
    held_out: HeldOut
    memory: float
    n_steps: int


def predicted(paths: HiddenPaths, splits: Mapping[str, Sessions], split: str) -> list[SessionPrediction]:
    """Every session on the frames of a split, which has to be held out. splits: train, validation and the others."""
    found = []
    for number in range(len(splits[split].visible)):
        held, fitted = (splits[name].of_session(number) for name in (split, "train"))
        if not held or not fitted or not splits["validation"].of_session(number):
            continue
        mine = [one_ahead(paths, stretch) for stretch in held]
        before = [one_ahead(paths, stretch) for stretch in fitted]
        train, validation, tested = (splits[name].recorded(number) for name in ("train", "validation", split))
        others = rivals(train, validation)
        errors = {"network": (_missed(before), _missed(mine))}
        scored = held_out_of(others, train, tested, errors)
        found.append(SessionPrediction(number, scored, _memory(mine), sum(len(one.expected) for one in mine)))
    return found


def skill(predictions: list[SessionPrediction]) -> float:
    """1 - the network's mean square error over that of the best rival, the mean over sessions."""
    return float(np.mean([one.held_out.skill for one in predictions]))


def _missed(parts: list[OneAhead]) -> np.ndarray:
    return np.concatenate([one.following - one.expected for one in parts])


def _memory(parts: list[OneAhead]) -> float:
    missed = [one.following - one.expected for one in parts]
    products = sum((one[:-1] * one[1:]).sum(0) for one in missed)
    squares = sum((one**2).sum(0) for one in missed)
    return float(np.median(products / np.maximum(squares, 1e-300)))
