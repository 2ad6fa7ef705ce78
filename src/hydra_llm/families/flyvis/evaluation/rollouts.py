"""Rollouts of a fitted network over the sequences of a split, beside the recording and beside the noise-free truth.

A rollout starts at the first frame of a sequence and never runs on into the next one.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.observations import RecordedSplit
from hydra_llm.estimation.method import Field
from hydra_llm.families.flyvis.evaluation.tabulated import tabulated
from hydra_llm.families.flyvis.system.voltage_field import VoltageField
from hydra_llm.families.rollouts import roll_out
from hydra_llm.metrics.dynamics import valid_frames
from hydra_llm.metrics.scores import pearson

log = logging.getLogger(__name__)

LOST = 0.5  # a rollout is lost when its error passes this share of the activity's spread
ROLLOUT_STEP = 0.01  # seconds: four times the steps move a rollout of the law by 1e-4 of its spread and cost a minute
_STILL = 1e-3  # neurons that vary by less than this share of the rms over neurons are still
_FEWEST = 3  # frames that make a rollout


@dataclass(frozen=True)
class Rollouts:
    """The same sequences three times, each a list of [frame, neuron] with the recorded first frame in common."""

    recorded: list[np.ndarray]
    predicted: list[np.ndarray]
    noise_free: list[np.ndarray]  # of the true law

    def metrics(self, prefix: str) -> dict[str, float]:
        """<prefix>_R2, _pearson (means over neurons), _R2_median and _valid_frames (a mean over sequences) against the
        recording, which holds process noise; <prefix>_noise_free_... against the true law without it."""
        predicted, recorded, noise_free = (
            np.concatenate(parts) for parts in (self.predicted, self.recorded, self.noise_free)
        )
        scores = _scores(predicted, recorded, prefix)
        scores |= _scores(predicted, noise_free, f"{prefix}_noise_free")
        lengths = [valid_frames(p, r, LOST) for p, r in zip(self.predicted, self.recorded, strict=True)]
        return {**scores, f"{prefix}_valid_frames": float(np.mean(lengths))}


def roll_out_sequences(
    net,
    field: VoltageField | None,
    split: RecordedSplit,
    starts: Tensor,
    n_frames: int,
    delta_t: float,
    meta: Mapping[str, Any],
) -> Rollouts:
    """Rollouts of up to n_frames from each frame of `starts`, all sequences at once, by the recording's integrator.

    net or field: None for no rollout of it.
    meta: of the truth, with integrator and substeps; rk4 takes steps of ROLLOUT_STEP where the recording has finer
    ones.
    """
    if meta["integrator"] == "rk4":
        meta = {**meta, "substeps": min(meta["substeps"], math.ceil(delta_t / ROLLOUT_STEP - 1e-9))}
    cuts = [*starts.tolist(), split.n_frames]
    pieces = [slice(a, min(b, a + n_frames)) for a, b in pairwise(cuts)]
    pieces = [piece for piece in pieces if piece.stop - piece.start >= _FEWEST]
    recorded = [np.array(split.activity[piece]) for piece in pieces]
    if not recorded:
        return Rollouts([], [], [])
    lengths = [len(piece) for piece in recorded]
    first = torch.from_numpy(np.stack([piece[0] for piece in recorded]))
    external = None
    if split.external is not None:
        held = [np.array(split.external[piece]) for piece in pieces]
        longest = max(lengths)
        padded = [np.pad(h, ((0, longest - len(h)), (0, 0)), mode="edge") for h in held]
        external = torch.from_numpy(np.stack(padded, axis=1))  # [frame, sequence, input]

    by_network = tabulated(net, split.activity)

    def learned(v: Tensor, held: Tensor | None) -> Tensor:
        return by_network(v.to(net.W.dtype), None if held is None else held.to(net.W.dtype))

    def true(v: Tensor, held: Tensor | None) -> Tensor:
        assert field is not None
        state = v.T.contiguous()
        light = None if held is None else held.T.to(state.dtype).contiguous()
        return field(state, light, torch.empty_like(state)).T

    def pieces_of(law: Field) -> list[np.ndarray]:
        states = roll_out(law, first.double(), max(lengths), external, meta, delta_t).numpy()
        return [states[:length, k] for k, length in enumerate(lengths)]

    return Rollouts(recorded, [] if net is None else pieces_of(learned), [] if field is None else pieces_of(true))


def _scores(predicted: np.ndarray, true: np.ndarray, prefix: str) -> dict[str, float]:
    """Means over the neurons that move; a prediction that does not move has the correlation 0."""
    spread = true.std(axis=0)
    moves = spread > _STILL * np.sqrt((spread**2).mean())
    if not moves.any() or not np.isfinite(predicted).all():
        reason = "a rollout diverged" if moves.any() else "no neuron moves"
        log.warning("Not reported: %s_R2 and _pearson, because %s.", prefix, reason)
        return {}
    if not moves.all():
        log.info("%d of %d neurons are still and left out of %s.", (~moves).sum(), moves.size, prefix)
    x, y = predicted[:, moves], true[:, moves]
    R2 = 1 - ((x - y) ** 2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    correlations = [pearson(a, b) or 0.0 for a, b in zip(x.T, y.T, strict=True)]
    return {
        f"{prefix}_R2": float(R2.mean()),
        f"{prefix}_R2_median": float(np.median(R2)),
        f"{prefix}_pearson": float(np.mean(correlations)),
    }
