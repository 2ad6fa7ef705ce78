"""The configurations of `hydra.sweeper.enqueue`, checked before anything is launched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from hydra_llm.search.enqueued import check_enqueued
from hydra_llm.search.space.space import Space
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.sources import Sources


def enqueued(sources: Sources, space: Space) -> tuple[dict[str, Any], ...]:
    """Raises SweepError for one that is no configuration of the space, breaks its constraint or does not compose."""
    found = []
    wanted: Sequence[Any] = sources.options["enqueue"] or []
    for place, values in enumerate(wanted):
        name = f"hydra.sweeper.enqueue[{place}]"
        try:
            check_enqueued(name, values, space)
        except ValueError as error:
            raise SweepError(str(error)) from None
        complete = space.canonical(values)
        try:
            sources.compose(sources.override(key, value) for key, value in complete.items())
        except (HydraException, OmegaConfBaseException) as error:
            raise SweepError(f"{name} does not compose: {error}") from None
        found.append(dict(values))
    return tuple(found)
