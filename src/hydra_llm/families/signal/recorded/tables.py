"""What was found, as CSV: one file per parameter, readable by any program."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from hydra_llm.families.signal.fitting.given_functions import Weights
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise

NOT_DETERMINED = "not determined"


def noise_table(names: Sequence[str], noise: ChannelNoise) -> str:
    """Per unit: standard deviations of measurement noise, of process noise per frame, and of the recording."""
    rows = zip(names, noise.measurement, noise.process, noise.spread, strict=True)
    title = ("unit", "measurement_noise_sd", "process_noise_sd_per_frame", "recording_sd")
    return _csv(title, ([name, *map(_number, values)] for name, *values in rows))


def weights_table(names: Sequence[str], W: np.ndarray, synapses: np.ndarray, found: Weights | None) -> str:
    """A row per synapse that may exist: W [target, source] with standard error and intervals of 90 and 95 %.

    Where the data do not determine a weight, its value stands without an interval, and the last column says so.
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
            yield [str(names[i]), str(names[j]), _number(w), *ends, status]

    return _csv(title, rows())


def functions_table(grid: np.ndarray, message: np.ndarray, update: np.ndarray, names: Sequence[str]) -> str:
    """Both functions over the recorded range, [point, neuron]; a neuron called `all` stands for all of them."""
    title = ("unit", "state", "message", "update")
    return _csv(
        title,
        (
            (names[k], _number(grid[p, k]), _number(message[p, k]), _number(update[p, k]))
            for k in range(len(names))
            for p in range(len(grid))
        ),
    )


def embedding_table(names: Sequence[str], embedding: np.ndarray) -> str:
    """The embedding [neuron, dimension]."""
    title = ("unit", *(f"a_{k}" for k in range(embedding.shape[1])))
    return _csv(title, ([name, *map(_number, row)] for name, row in zip(names, embedding, strict=True)))


def _csv(title: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(title)
    writer.writerows(rows)
    return text.getvalue()


def _number(value: Any) -> str:
    return f"{value:.8g}"
