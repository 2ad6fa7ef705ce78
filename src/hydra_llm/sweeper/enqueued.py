"""The configurations of `hydra.sweeper.enqueue`, checked before anything is launched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from hydra_llm.search.space.space import Space
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.sources import Sources


def enqueued(sources: Sources, space: Space) -> tuple[dict[str, Any], ...]:
    """Raises SweepError for one that is no configuration of the space, breaks its constraint or does not compose."""
    found = []
    wanted: Sequence[Any] = sources.options["enqueue"] or []
    for place, values in enumerate(wanted):
        name = f"hydra.sweeper.enqueue[{place}]"
        if not isinstance(values, Mapping):
            raise SweepError(f"{name} must be a mapping of parameters to values, got {values!r}.")
        problems = space.validate(values)
        if not problems and (violation := space.violation(values)):
            problems = [violation]
        if problems:
            raise SweepError(f"{name} cannot run: {' '.join(problems)}")
        complete = space.canonical(values)
        try:
            sources.compose(sources.override(key, value) for key, value in complete.items())
        except (HydraException, OmegaConfBaseException) as error:
            raise SweepError(f"{name} does not compose: {error}") from None
        found.append(dict(values))
    return tuple(found)
