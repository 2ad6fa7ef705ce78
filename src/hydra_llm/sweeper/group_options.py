"""Options of config groups that a sweep names: one that does not exist is found before the first job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hydra._internal.config_repository import ConfigRepository
from hydra.core.config_loader import ConfigLoader
from hydra.core.default_element import ConfigDefault

from hydra_llm.search.space.dimension import Dimension, same_value
from hydra_llm.search.space.space import Categorical
from hydra_llm.sweeper.application import is_group
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.sources import Sources

STORE = "structured://"  # where nodes of the ConfigStore come from


def check_options(dimensions: Iterable[Dimension], sources: Sources) -> None:
    """Raises SweepError for a choice of a config group that has no such option."""
    for dimension in dimensions:
        if not isinstance(dimension, Categorical) or not is_group(dimension.name, sources.composed):
            continue
        for option in dimension.choices:
            _check(f"{dimension.name} is swept over {option},", dimension.name, option, sources)


def check_conditions(dimensions: Mapping[str, Dimension], sources: Sources) -> None:
    """Raises SweepError for a condition (`when`) that names a value which its parameter never has.

    The declared values count, whatever the command line leaves of them.
    """
    for name, dimension in dimensions.items():
        for other, options in dimension.when.items():
            place = f"params.{name}.when.{other}"
            if is_group(other, sources.composed):
                for option in options:
                    _check(f"{place} names {option},", other, option, sources)
                continue
            stated = [space.get(other) for space in (dimensions, sources.params)]
            known = [value for one in stated if isinstance(one, Categorical) for value in one.choices]
            for option in options if known else ():
                if not any(same_value(option, value) for value in known):
                    values = _listed(repr(value) for value in known)
                    raise SweepError(f"{place} names {option!r}, and the values of {other} are {values}.")


def _check(what: str, group: str, option: object, sources: Sources) -> None:
    """`option` may lie in a folder of the group, as `sub/option`; null leaves the group out."""
    if option is None:
        return
    folder, _, name = f"{group.lstrip('+').partition('@')[0]}/{option}".rpartition("/")
    known = sources.context.config_loader.get_group_options(folder)
    if name not in known:
        offered = _listed(_offered(folder, known, sources.context.config_loader)) if known else "none"
        raise SweepError(f"{what} which the config group {folder} does not have. Its options: {offered}.")


def _offered(folder: str, known: list[str], loader: ConfigLoader) -> list[str]:
    """Without what others are made of: nodes of Hydra's ConfigStore that one of them extends, such as schemas."""
    repository: ConfigRepository | None = getattr(loader, "repository", None)  # no part of the interface
    if repository is None:
        return known
    found = {name: repository.load_config(f"{folder}/{name}") for name in known}
    extended = {
        (default.path or "").rpartition("/")[2]
        for config in found.values()
        for default in (config.defaults_list or () if config is not None else ())
        if isinstance(default, ConfigDefault)
    }
    stored = {name for name, config in found.items() if config is not None and config.path == STORE}
    return [name for name in known if name not in stored & extended]


def _listed(values: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values))
