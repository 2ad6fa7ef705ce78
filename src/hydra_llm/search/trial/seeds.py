"""Seeds of runs and generators, each derived from the sweep's seed and a name.

Nothing here depends on process state, so an interrupted and resumed sweep draws what the uninterrupted one would have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

SEED_LIMIT = 2**31 - 1  # the range that every library accepts


def derive(seed: int, *names: object) -> int:
    """A seed in [0, 2^31 - 1) from a seed and names; equal arguments give equal seeds on every machine."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % SEED_LIMIT


def replicate_seeds(seed: int, keys: Iterable[str], replicate: int) -> dict[str, int]:
    """Values of the seed keys for the n-th run of a configuration.

    The first run keeps the application's own seeds, so that configurations are compared on equal data; later runs draw
    fresh ones, the same for every configuration.
    """
    return {} if replicate == 0 else {key: derive(seed, "replicate", replicate, key) for key in keys}


def fresh_seeds(seed: int, keys: Iterable[str], number: int) -> dict[str, int]:
    """Values of the seed keys for a trial that shares its data with no other: every run is a draw of its own."""
    return {key: derive(seed, "fresh", number, key) for key in keys}


def confirmation_seeds(seed: int, keys: Iterable[str], run: int) -> dict[str, int]:
    """Values of the seed keys for the n-th confirmation run: fresh, and equal for best and baseline (a paired test)."""
    return {key: derive(seed, "confirm", run, key) for key in keys}
