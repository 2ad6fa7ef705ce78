"""The spec of a sweep: sweeper options, the application's search node and the command line, merged into one set of
values.

The command line wins over `hydra.sweeper.params`, which wins over the application's `search` node.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import HydraContext
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from hydra_llm.keys.sweeper import CONFIRM
from hydra_llm.llm.instructions import memory_text
from hydra_llm.search.context import Thresholds
from hydra_llm.search.log_format import Format, log_format
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.roles import DEFAULT_START
from hydra_llm.search.settings import Confirmation, Settings, Stop
from hydra_llm.search.space.space import Categorical, Dimension, Space
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.triggers import MetricTrigger
from hydra_llm.sweeper import grammar
from hydra_llm.sweeper.application import is_group, search_node, value_in, with_baseline
from hydra_llm.sweeper.conditions import activating, settle_conditions
from hydra_llm.sweeper.constraint import load_constraint
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.quoting import encode, encode_option
from hydra_llm.sweeper.spec import SweepSpec


def make_spec(options: Mapping[str, Any], arguments: list[str], context: HydraContext, config: DictConfig) -> SweepSpec:
    """Read everything once, with a SweepError naming the key that is wrong."""
    parser = OverridesParser.create(config_loader=context.config_loader)
    line = grammar.from_arguments(arguments, parser)
    own = grammar.from_params(options["params"] or {}, parser)
    fixed = {**own.fixed, **line.fixed}
    composed = context.config_loader.load_sweep_config(config, list(fixed.values()))
    node = search_node(composed)
    if not own.dimensions:
        application = grammar.from_params(node.get("params", {}), parser)
        own.dimensions, fixed = application.dimensions, {**application.fixed, **fixed}
    declared = {**own.dimensions, **line.dimensions}
    dimensions = {k: d for k, d in declared.items() if k not in line.fixed}
    kept = _slot_params(options["slot_params"] or node.get("slot_params", {}), parser)
    kept = {key: dimension for key, dimension in kept.items() if key not in {**line.fixed, **line.dimensions}}
    for place, params in (("hydra.sweeper", options), ("search", node)):
        for key in set(params.get("slot_params") or ()) & set(params.get("params") or ()):
            raise SweepError(f"{place}.slot_params.{key} is declared under {place}.params too. Keep one of them.")
    dimensions = settle_conditions({**dimensions, **kept}, lambda key: value_in(composed, key))
    blocks = grammar.from_params(options["block_params"] or node.get("block_params", {}), parser)
    block_dimensions = {k: d for k, d in blocks.dimensions.items() if k not in {**line.fixed, **line.dimensions}}

    seed_keys = tuple(options["seed_keys"] or node.get("seed_keys", ()))
    trial_overrides = _as_overrides(node.get("trial_overrides", {}), parser)
    sweep_dir = os.path.abspath(str(config.hydra.sweep.dir))  # noqa: PTH100  # Path.absolute keeps ".."

    def home(dimension: Dimension) -> DictConfig:
        """The configuration in which a parameter has its default: with a condition, one where it is active."""
        moved = activating(dimension, dimensions, lambda key: value_in(composed, key))
        if not moved:
            return composed
        texts = [f"{key}={encode_option(v) if is_group(key, composed) else encode(v)}" for key, v in moved.items()]
        return context.config_loader.load_sweep_config(config, [*fixed.values(), *texts])

    by_slot = tuple(key for key in kept if key in dimensions)
    space = Space(
        tuple(with_baseline(d, home(d)) for d in dimensions.values()), node.get("locked", {}), by_slot=by_slot
    )
    if options["constraint"]:
        space = _constrained(space, options["constraint"], [k for k in declared if k not in dimensions], composed)
    block_space = (
        Space(tuple(with_baseline(d, composed) for d in block_dimensions.values())) if block_dimensions else None
    )
    trial_overrides = {k: v for k, v in trial_overrides.items() if k not in fixed and k not in space}
    try:
        log_lines = log_format(str(node.get("instructions", "")))
        start_memory = memory_text(str(node["start_memory"])) if node.get("start_memory") else ""
    except FileNotFoundError as error:
        raise SweepError(str(error)) from None
    settings = Settings(
        space=space,
        objective=_objective(options, node),
        n_trials=options["n_trials"],
        n_parallel=options["n_parallel"],
        seed=options["seed"],
        n_iter_block=options["n_iter_block"] or 0,
        block_space=block_space,
        seed_keys=seed_keys,
        fresh_seeds=bool(node.get("fresh_seeds", False)),
        start=options["start"] or node.get("start", DEFAULT_START),
        slot_params={key: tuple(space[key].canonical(value) for value in kept[key].choices) for key in by_slot},
        reward=options["reward"],
        thresholds=Thresholds(**node["thresholds"]) if "thresholds" in node else None,
        focus=_focus(node.get("focus", [])),
        confirmation=_confirmation(options, node, seed_keys, bool(trial_overrides)),
        stop=Stop(**options["stop"]),
        pruning=Pruning.of(options["pruning"]),
        max_failure_rate=options["max_failure_rate"],
        fail_fast=options["fail_fast"],
        max_infra_retries=options["max_infra_retries"],
        task=str(config.hydra.job.name),
        log_format=log_lines,
        constants=_constants(log_lines, [space, block_space], fixed, trial_overrides, context, config),
        identity={
            "task": str(config.hydra.job.name),
            "fixed": sorted(fixed.values()),
            "constraint": options["constraint"],
            "trial_overrides": sorted(trial_overrides.values()),
            **({"fresh_seeds": True} if node.get("fresh_seeds") else {}),
            **({"slot_params": {key: list(kept[key].choices) for key in by_slot}} if by_slot else {}),
        },
    )
    names = [*space.names, *(block_space.names if block_space else ())]
    groups = frozenset(name for name in names if is_group(name, composed))
    return SweepSpec(
        settings,
        fixed,
        trial_overrides,
        groups,
        sweep_dir,
        str(node.get("instructions", "")),
        start_memory,
        tuple(options["gpu_slots"] or ()),
        _references(
            options,
            node,
            parser,
            lambda texts: context.config_loader.load_sweep_config(config, [*fixed.values(), *texts]),
        ),
    )


def _constants(
    log_lines: Format,
    spaces: Iterable[Space | None],
    fixed: Mapping[str, str],
    trial_overrides: Mapping[str, str],
    context: HydraContext,
    config: DictConfig,
) -> dict[str, Any]:
    """What the keys that the log names are in a trial, where the search does not move them."""
    wanted = [key for key in log_lines.parameters if not any(space is not None and key in space for space in spaces)]
    if not wanted:
        return {}
    trial = context.config_loader.load_sweep_config(config, [*fixed.values(), *trial_overrides.values()])
    found = {}
    for key in sorted(wanted):
        try:
            found[key] = value_in(trial, key)
        except KeyError:
            continue  # a key of another member of the family
    return found


def _constrained(space: Space, path: str, fixed: Iterable[str], composed: DictConfig) -> Space:
    """The space under its constraint; a baseline that breaks it could never be run, so that is an error at once."""
    values = {key: value_in(composed, key) for key in fixed if not key.startswith("+")}
    constrained = replace(space, constraint=load_constraint(path, values))
    violation = constrained.violation(space.baseline())
    if violation is not None:
        raise SweepError(
            f"The configuration as it stands breaks constraint={path}: {violation} "
            "Trial 0 runs it, so change the application's defaults or fix a parameter on the command line."
        )
    return constrained


def _slot_params(spec: Mapping[str, Any], parser: OverridesParser) -> dict[str, Categorical]:
    """Keys that each slot keeps for itself, with their values by slot."""
    declared = grammar.from_params(spec, parser)
    found: dict[str, Categorical] = {}
    for key in spec:
        dimension = declared.dimensions.get(key)
        if not isinstance(dimension, Categorical):
            raise SweepError(
                f"slot_params.{key}={spec[key]!r} is no list of values. Write one value per slot, as a list."
            )
        found[key] = dimension
    return found


def _focus(rows: Iterable[Mapping[str, Any]]) -> tuple[MetricTrigger, ...]:
    """The rows of the application's `focus`; names of metrics are the application's own."""
    try:
        return tuple(MetricTrigger.of(row) for row in rows)
    except ValueError as error:
        raise SweepError(f"search.{error}") from None


def _objective(options: Mapping[str, Any], node: Mapping[str, Any]) -> Objective:
    direction = options["direction"] or node.get("direction", "maximize")
    target = options["target"] if options["target"] is not None else node.get("target")
    return Objective(
        metric=options["metric"] or node.get("metric"),
        direction=direction,
        target=target if direction == "target" else None,
    )


def _confirmation(
    options: Mapping[str, Any], node: Mapping[str, Any], seed_keys: tuple[str, ...], shortened: bool
) -> Confirmation:
    """Only with seed keys; the full budget is another one only where trial_overrides shorten the search."""
    own = {key: value for key, value in (options["confirm"] or {}).items() if value is not None}
    wanted = {**(node.get("confirm") or {}), **own}
    unknown = sorted(set(wanted) - set(CONFIRM))
    if unknown:
        raise SweepError(f"confirm.{unknown[0]} is unknown. Known: {', '.join(CONFIRM)}.")
    n_seeds = int(wanted.get("n_seeds", 0))
    if not n_seeds or (not seed_keys and "n_seeds" not in own):
        return Confirmation()
    budgets = tuple(wanted.get("budgets", ("search", "full")))
    return Confirmation(
        n_seeds,
        tuple(b for b in budgets if shortened or b == "search") or ("search",),
        tuple(wanted.get("references") or ()),
    )


def _references(
    options: Mapping[str, Any], node: Mapping[str, Any], parser: OverridesParser, compose: Callable[[list[str]], Any]
) -> dict[str, dict[str, str]]:
    """Overrides of the configurations that a confirmation runs for comparison; each has to compose."""
    declared = (options["confirm"] or {}).get("references") or (node.get("confirm") or {}).get("references") or {}
    found = {}
    for name, spec in declared.items():
        found[str(name)] = _as_overrides(spec, parser)
        try:
            compose(list(found[str(name)].values()))
        except (HydraException, OmegaConfBaseException) as error:
            raise SweepError(f"confirm.references.{name} does not compose: {error}") from None
    return found


def _as_overrides(spec: Any, parser: OverridesParser) -> dict[str, str]:
    """`trial_overrides` as a list of override texts or a mapping key -> value."""
    if isinstance(spec, Mapping):
        return {key: f"{key}={encode(value)}" for key, value in spec.items()}
    declared = grammar.from_arguments([str(item) for item in spec], parser)
    if declared.dimensions:
        raise SweepError(
            f"search.trial_overrides sweeps over {', '.join(declared.dimensions)}. Move that to search.params."
        )
    return declared.fixed
