"""What was found, as CSV: one file per parameter, readable by any program."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from hydra_llm.families.csv_text import csv_text
from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise
from hydra_llm.families.signal.recorded.curves import LearnedCurves

NOT_DETERMINED = "not determined"
NEVER_TOGETHER = "not determined: never recorded together"
FUNCTIONS = ("message", "update")


def noise_table(names: Sequence[str], noise: ChannelNoise) -> str:
    """Per unit: standard deviations of measurement noise, of process noise per frame, and of the recording."""
    rows = zip(names, noise.measurement, noise.process, noise.spread, strict=True)
    title = ("unit", "measurement_noise_sd", "process_noise_sd_per_frame", "recording_sd")
    return csv_text(title, ([name, *map(_number, values)] for name, *values in rows))


def weights_table(names: Sequence[str], W: np.ndarray, synapses: np.ndarray, found: Weights | None) -> str:
    """A row per synapse that may exist: W [target, source] with standard error and intervals of 90 and 95 %.

    Where the data do not determine a weight, its value stands without an interval, and the last column says so. One
    that is no number, because no session shows both units, is left empty.
    """
    title = ("target", "source", "weight", "standard_error", "low_90", "high_90", "low_95", "high_95", "status")
    reach = [] if found is None else [found.reach(level) for level in (0.90, 0.95)]

    def rows() -> Iterable[list[str]]:
        for i, j in np.argwhere(synapses):
            w, ends, status = W[i, j], [""] * 5, ""
            if found is not None and found.determined[i, j]:
                e = found.error[i, j]
                ends = [_number(e), *(_number(w + sign * k * e) for k in reach for sign in (-1, 1))]
            elif found is not None:
                status = NOT_DETERMINED
            weight = _number(w) if np.isfinite(w) else ""
            yield [str(names[i]), str(names[j]), weight, *ends, status if weight else NEVER_TOGETHER]

    return csv_text(title, rows())


def functions_table(curves: LearnedCurves, names: Sequence[str]) -> str:
    """Both functions over the recorded range with their 95 % bands, empty where there are none; a neuron called `all`
    stands for all of them."""
    title = (
        "unit",
        "state",
        "message",
        "update",
        *(f"{name}_{end}_95" for name in FUNCTIONS for end in ("low", "high")),
    )

    def rows() -> Iterable[list[str]]:
        for k, name in enumerate(names):
            for p, state in enumerate(curves.states[:, k]):
                both = curves.message[p, k], curves.update[p, k]
                ends = [""] * 4
                if curves.bands is not None:
                    halves = (band[p] for band in curves.bands)
                    ends = [_number(y + s * half) for y, half in zip(both, halves, strict=True) for s in (-1, 1)]
                yield [name, _number(state), *map(_number, both), *ends]

    return csv_text(title, rows())


def embedding_table(names: Sequence[str], embedding: np.ndarray) -> str:
    """The embedding [neuron, dimension]."""
    title = ("unit", *(f"a_{k}" for k in range(embedding.shape[1])))
    return csv_text(title, ([name, *map(_number, row)] for name, row in zip(names, embedding, strict=True)))


def _number(value: Any) -> str:
    return f"{value:.8g}"
