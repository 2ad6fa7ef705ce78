"""From the places that declare a sweep to its spec."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hydra.errors import HydraException
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_llm.keys.sweeper import CONFIRM
from hydra_llm.llm.instructions import memory_text
from hydra_llm.search.collapse import Collapse
from hydra_llm.search.context import Thresholds
from hydra_llm.search.log_format import Format, log_format
from hydra_llm.search.meaning import Meaning
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.roles import DEFAULT_START
from hydra_llm.search.settings import Budget, Confirmation, Settings, Stop
from hydra_llm.search.space.space import Space
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.triggers import MetricTrigger
from hydra_llm.sweeper.application import is_group, require, value_in
from hydra_llm.sweeper.code_evolution import declared_code, open_code
from hydra_llm.sweeper.enqueued import enqueued
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.goal import for_several, read_goal
from hydra_llm.sweeper.proposer_choice import natural_reward
from hydra_llm.sweeper.sources import Sources
from hydra_llm.sweeper.spaces import block_space, search_space
from hydra_llm.sweeper.spec import SweepSpec

log = logging.getLogger(__name__)
Declared = TypeVar("Declared")
ENOUGH_TO_PROMOTE = 12  # trials of a sweep that spares two of them for the full recipe


def make_spec(options: Mapping[str, Any], arguments: list[str], context: HydraContext, config: DictConfig) -> SweepSpec:
    """Read everything once. Raises SweepError naming the key that is wrong."""
    sources = Sources.read(options, arguments, context, config)
    goal = read_goal(sources)
    if isinstance(goal, Objectives):
        sources = for_several(sources, goal)
    node, fixed = sources.node, sources.fixed
    space, by_slot = search_space(sources)
    between_blocks = block_space(sources)
    shortening = sources.as_overrides(node.get("trial_overrides", {}))
    for key in sorted(shortening.keys() & set(space.names)):
        log.warning("trial_overrides: %s is left out, because the search moves %s itself.", shortening[key], key)
    trial_overrides = {key: text for key, text in shortening.items() if key not in fixed and key not in space}
    spaces = [space] if between_blocks is None else [space, between_blocks]
    instructions = str(node.get("instructions", ""))
    try:
        log_lines = log_format(instructions)
        start_memory = memory_text(str(node["start_memory"])) if node.get("start_memory") else ""
    except FileNotFoundError as error:
        raise SweepError(str(error)) from None
    seed_keys = _seed_keys(sources, spaces)
    task = str(config.hydra.job.name)
    settings = Settings(
        space=space,
        objective=goal.scalar if isinstance(goal, Objectives) else goal,
        objectives=goal if isinstance(goal, Objectives) else None,
        n_trials=options["n_trials"],
        n_parallel=options["n_parallel"],
        seed=options["seed"],
        n_iter_block=options["n_iter_block"] or 0,
        block_space=between_blocks,
        seed_keys=seed_keys,
        fresh_seeds=node.get("fresh_seeds", False),
        start=sources.pick("start", DEFAULT_START),
        enqueue=enqueued(sources, space),
        slot_params={key: tuple(space[key].canonical(value) for value in values) for key, values in by_slot.items()},
        reward=options["reward"] or natural_reward(options),
        thresholds=Thresholds(**node["thresholds"]) if "thresholds" in node else None,
        focus=tuple(_declared(MetricTrigger.of, row) for row in node.get("focus", [])),
        collapse=_declared(Collapse.of, node["collapse"]) if node.get("collapse") else None,
        meaning=_declared(Meaning.of, node.get("meaning") or {}),
        confirmation=_confirmation(sources, seed_keys, shortened=bool(trial_overrides)),
        promote=_promoted(sources, shortened=bool(trial_overrides)),
        stop=Stop(**options["stop"]),
        pruning=Pruning.of(options["pruning"]),
        max_failure_rate=options["max_failure_rate"],
        fail_fast=options["fail_fast"],
        max_infra_retries=options["max_infra_retries"],
        task=task,
        description=" ".join(str(node.get("description", "")).split()),
        told=_told(node.get("tell", ()), trial_overrides, sources),
        show=tuple(str(name) for name in node.get("show", ())),
        ceiling=node.get("ceiling"),
        seeds_move=node.get("seeds_move", "both"),
        log_format=log_lines,
        constants=_constants(log_lines, spaces, trial_overrides, sources),
        identity={
            "task": task,
            "fixed": sorted(fixed.values()),
            "constraint": options["constraint"],
            "trial_overrides": sorted(trial_overrides.values()),
            **({"fresh_seeds": True} if node.get("fresh_seeds") else {}),
            **({"slot_params": {key: list(values) for key, values in by_slot.items()}} if by_slot else {}),
        },
    )
    code = declared_code(options, node)
    sweep_dir = os.path.abspath(str(config.hydra.sweep.dir))  # noqa: PTH100  # Path.absolute keeps ".."
    return SweepSpec(
        settings,
        fixed,
        trial_overrides,
        groups=frozenset(name for part in spaces for name in part.names if is_group(name, sources.composed)),
        sweep_dir=sweep_dir,
        code=None if code is None else open_code(code, Path(sweep_dir)),
        instructions=instructions,
        start_memory=start_memory,
        gpu_slots=tuple(options["gpu_slots"] or ()),
        named_by_clock=_named_by_clock(config),
        references=_references(sources),
    )


def _named_by_clock(config: DictConfig) -> bool:
    """Whether the name of the sweep folder leads to `${now:}`, at once or through other keys: OmegaConf remembers each
    time that it told, so that a copy which remembers none shows whether the name asks for one.
    """
    fresh = config.copy()
    OmegaConf.clear_cache(fresh)
    str(fresh.hydra.sweep.dir)
    return bool(OmegaConf.get_cache(fresh).get("now"))


def _constants(
    log_lines: Format, spaces: Iterable[Space], trial_overrides: Mapping[str, str], sources: Sources
) -> dict[str, Any]:
    """What the keys that the log names are in a trial, where the search does not move them."""
    wanted = [key for key in log_lines.parameters if not any(key in space for space in spaces)]
    if not wanted:
        return {}
    trial = sources.compose(trial_overrides.values())
    found = {}
    for key in sorted(wanted):
        try:
            found[key] = value_in(trial, key)
        except KeyError:
            continue  # a key of another member of the family
    return found


def _told(wanted: Iterable[Any], trial_overrides: Mapping[str, str], sources: Sources) -> dict[str, Any]:
    """Values of a trial by key, nodes leaf by leaf. Raises SweepError for a key that the configuration lacks."""
    keys = [str(key) for key in wanted]
    if not keys:
        return {}
    trial = sources.compose(trial_overrides.values())
    found: dict[str, Any] = {}
    for key in keys:
        try:
            found |= _leaves(key, value_in(trial, key))
        except KeyError:
            raise SweepError(f"search.tell names {key}, which is not in the application's configuration.") from None
    return found


def _leaves(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {key: value}
    return {name: leaf for part, inner in value.items() for name, leaf in _leaves(f"{key}.{part}", inner).items()}


def _declared(read: Callable[[Mapping[str, Any]], Declared], spec: Mapping[str, Any]) -> Declared:
    """What the node `search` says in the application's own names; a fault in it is a SweepError."""
    try:
        return read(spec)
    except ValueError as error:
        raise SweepError(f"search.{error}") from None


def _seed_keys(sources: Sources, spaces: list[Space]) -> tuple[str, ...]:
    keys = tuple(sources.pick("seed_keys", ()))
    for key in keys:
        if any(key in space for space in spaces):
            raise SweepError(
                f"{key} is swept, and it is one of the seed_keys, which runs of one configuration draw anew. "
                "Take it out of the parameters, or out of seed_keys."
            )
        if not key.startswith("+"):
            require(f"The seed key {key}", key, sources.composed)
    return keys


def _confirmation(sources: Sources, seed_keys: tuple[str, ...], *, shortened: bool) -> Confirmation:
    """Only with seed keys; the full budget is another one only where trial_overrides shorten the search."""
    wanted = _confirm(sources)
    n_seeds = wanted.get("n_seeds") or 0
    if not n_seeds or (not seed_keys and sources.options["confirm"].get("n_seeds") is None):
        return Confirmation()
    return Confirmation(
        n_seeds,
        tuple(b for b in _budgets(sources) if shortened or b == "search") or ("search",),
        tuple(wanted.get("references") or ()),
    )


def _confirm(sources: Sources) -> dict[str, Any]:
    """What the sweep says of the confirmation, before what the application says."""
    own = {key: value for key, value in sources.options["confirm"].items() if value is not None}
    wanted = {**sources.node.get("confirm", {}), **own}
    unknown = sorted(set(wanted) - set(CONFIRM))
    if unknown:
        raise SweepError(f"A key of confirm must be one of {', '.join(CONFIRM)}, got confirm.{unknown[0]}.")
    return wanted


def _budgets(sources: Sources) -> list[Budget]:
    return _confirm(sources).get("budgets") or ["search", "full"]


def _promoted(sources: Sources, *, shortened: bool) -> int:
    """Configurations that run the full recipe during the search: none where the search runs it anyway, and none by
    themselves where the application confirms without it, because it has no place for what is searched.
    """
    if not shortened:
        return 0
    wanted, n_trials = sources.options["promote"], sources.options["n_trials"]
    if wanted is None:
        return 2 if n_trials >= ENOUGH_TO_PROMOTE and "full" in _budgets(sources) else 0
    return wanted


def _references(sources: Sources) -> dict[str, dict[str, str]]:
    """Overrides of the configurations that a confirmation runs for comparison; each has to compose."""
    own, application = sources.options["confirm"], sources.node.get("confirm", {})
    found = {}
    for name, declared in (own.get("references") or application.get("references") or {}).items():
        found[str(name)] = sources.as_overrides(declared)
        try:
            sources.compose(found[str(name)].values())
        except (HydraException, OmegaConfBaseException) as error:
            raise SweepError(f"confirm.references.{name} does not compose: {error}") from None
    return found
