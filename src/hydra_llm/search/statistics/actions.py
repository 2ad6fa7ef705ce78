"""What the action of a row needs: parameters, which protocols name in backticks (`coeff_W_L1` to 1E-6).

A protocol serves several searches, and none of them moves every parameter of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from hydra_llm.search.context import Context

_NAME = re.compile(r"[A-Za-z_][\w./]*")


def lacking(context: Context, action: str, strategies: Collection[str]) -> tuple[str, ...]:
    """Parameters of an action that this search cannot take, () for one that it can. `strategies` are names too, and no
    parameters, as metrics are.
    """
    no_parameters = {context.objective.name, *context.show, *strategies}
    no_parameters.update(name for trial in context.trials for name in trial.metrics)
    return not_searched(action, set(_moving(context)), no_parameters)


def not_searched(action: str, moving: Collection[str], no_parameters: Collection[str] = ()) -> tuple[str, ...]:
    """The parameters that an action names, if none of them moves: one that does is enough to take it."""
    short = {_last(name) for name in moving}
    named = [name for name in _names(action) if name not in no_parameters]
    return () if any(_last(name) in short for name in named) else tuple(dict.fromkeys(named))


def _moving(context: Context) -> Iterator[str]:
    """Parameters that move within the block or between blocks."""
    yield from (dimension.name for dimension in context.space.free())
    yield from context.block.values
    yield from () if context.block_space is None else context.block_space.names


def _names(action: str) -> Iterator[str]:
    for quoted in re.findall(r"`([^`]+)`", action):
        found = _NAME.match(quoted)
        if found is not None:
            yield found[0]


def _last(name: str) -> str:
    return re.split(r"[./]", name)[-1]
