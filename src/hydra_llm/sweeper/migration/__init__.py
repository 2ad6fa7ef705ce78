"""Keys of Hydra's other sweepers, read as keys of this one, so that a YAML written for them works when its
`override hydra/sweeper` line is changed. What has no meaning here is one remark each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hydra_llm.sweeper.migration.ax import from_ax
from hydra_llm.sweeper.migration.nevergrad import from_nevergrad
from hydra_llm.sweeper.migration.optuna import from_optuna
from hydra_llm.sweeper.migration.translation import Translation

READERS: tuple[Callable[[Translation], None], ...] = (from_optuna, from_nevergrad, from_ax)


def translated(options: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(options of this sweeper, remarks). known: its own keys, with their defaults.

    Raises SweepError for what changes the question that is asked: a space in code.
    """
    translation = Translation(dict(options), known)
    for read in READERS:
        read(translation)
    return translation.options, translation.remarks
