"""Whether states lie where those of the training did not go: a law learned there says nothing about them."""

import numpy as np
from numpy.typing import ArrayLike

MOST = 20.0  # times the variance of the training states; another start of one chaotic network gives up to 10
_FRAMES = 4000  # looked at, evenly spaced
_WIDEST = 512  # units; of more, all directions together say little about a unit that listens to a few
_SMALLEST = 1e-8  # variance of a direction, relative to the largest: below it the factor is that of rounding


def distance(train: ArrayLike, others: ArrayLike) -> float | None:
    """Mean squared distance of other states from the mean of the training states, each direction in the units of its
    variance there: 1 for states of the same kind (squared Mahalanobis distance per direction).

    Both [frame, unit]. None of a wide recording, and of one that does not move.
    """
    own, other = (_spread(states) for states in (train, others))
    if own.shape[1] > _WIDEST:
        return None
    mean = own.mean(axis=0)
    _, widths, directions = np.linalg.svd((own - mean) / len(own) ** 0.5, full_matrices=False)
    variances = widths**2
    kept = variances > _SMALLEST * variances.max(initial=0.0)
    if not kept.any():
        return None
    moved = (other - mean) @ directions[kept].T
    return float((moved**2 / variances[kept]).mean())


def sentence(train: ArrayLike, validation: ArrayLike) -> str:
    """What to know about a fit that failed on these validation frames; "" where they are of the same kind."""
    found = distance(train, validation)
    if found is None or found < MOST:
        return ""
    return (
        f"The validation frames lie {found:.3g} times as far (in variance, direction by direction) from the mean of "
        "the training frames as these do: the network may be right where it was recorded, and unknown where it is "
        "judged."
    )


def _spread(states: ArrayLike) -> np.ndarray:
    found = np.asarray(states)
    return found[:: max(1, -(-len(found) // _FRAMES))].astype(np.float64)
