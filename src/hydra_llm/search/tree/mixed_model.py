"""What configurations are worth when they ran on different recordings: value = configuration + recording + residual.

Configurations are fixed effects, recordings random ones (Henderson 1975, Biometrics 31:423). The ratio of their
variances is the mode of the restricted likelihood (Patterson & Thompson 1971, Biometrika 58:545) times a broad prior,
since few configurations run on several recordings; it is found over a grid.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Run = tuple[int, Hashable, float]  # configuration (0, 1, ...), recording, value

RATIOS = np.concatenate([[0.0], np.logspace(-2, 4, 49)])  # variance of recordings over that of the residual
PRIOR = (np.log(100.0), 2.0)  # mean and sd of the logarithm of the ratio: equal recordings leave little residual
MOST_RECORDINGS = 400  # seen by configurations with several runs; beyond, plain means


def configuration_effects(runs: Sequence[Run]) -> Array:
    """[configuration] value as on a recording of average difficulty. The configurations are 0 to n - 1, with a run each
    at least. Where no recording is shared these are the means.
    """
    owner = np.array([run[0] for run in runs], dtype=np.int64)
    values = np.array([run[2] for run in runs], dtype=np.float64)
    counts = np.bincount(owner)
    means = np.bincount(owner, values) / counts
    several = [run[1] for run in runs if counts[run[0]] > 1]
    names = {name: place for place, name in enumerate(dict.fromkeys(several))}
    if not names or len(names) > MOST_RECORDINGS:
        return means
    seen = np.zeros((len(values), len(names)))
    for index, run in enumerate(runs):
        if run[1] in names:
            seen[index, names[run[1]]] = 1.0
    shares = np.zeros((len(means), len(names)))
    np.add.at(shares, owner, seen)
    shares /= counts[:, None]
    inside, left = seen - shares[owner], values - means[owner]  # without the means of configurations
    sizes, axes = np.linalg.eigh(inside.T @ inside)
    sizes, along = np.maximum(sizes, 0.0), axes.T @ (inside.T @ left)
    ratio = _ratio(sizes, along, float(left @ left), free=len(values) - len(means))
    return means - shares @ (axes @ (ratio * along / (1.0 + ratio * sizes)))


def _ratio(sizes: Array, along: Array, total: float, free: int) -> float:
    """The best of the grid. `total` are the squares around the means; `sizes` and `along` are eigenvalues of the
    recordings' part of them and its moments, `free` the degrees of freedom.
    """
    shrunk = 1.0 + RATIOS[:, None] * sizes[None, :]
    rest = np.maximum(total - (RATIOS[:, None] * along**2 / shrunk).sum(1), 1e-12 * total + 1e-300)
    away = (np.log(np.maximum(RATIOS, RATIOS[1])) - PRIOR[0]) / PRIOR[1]
    score = -0.5 * np.log(shrunk).sum(1) - 0.5 * free * np.log(rest) - 0.5 * away**2
    return float(RATIOS[int(np.argmax(score))])
