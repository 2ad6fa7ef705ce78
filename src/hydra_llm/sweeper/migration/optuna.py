"""Keys of hydra-optuna-sweeper 1.1 to 1.3: direction, sampler, n_jobs, study_name, storage, search_space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.migration.steps import spaced
from hydra_llm.sweeper.migration.translation import Translation

PROPOSERS = {"TPESampler": "tpe", "CmaEsSampler": "cmaes", "GPSampler": "gp", "RandomSampler": "random"}
FOR_SEVERAL = ("nsgaii", "NSGAIISampler", "motpe", "MOTPESampler")  # samplers for several objectives
OWN = ("study_name", "storage", "search_space")  # of its YAML alone
DROPPED = {
    "experiment_sequence": "the sweeper itself proposes one trial after the other",
    "study_name": "a sweep is known by its folder, hydra.sweep.dir",
    "storage": "a sweep is stored in its folder, hydra.sweep.dir, and resumes from there",
}


def from_optuna(translation: Translation) -> None:
    """Raises SweepError for a space that is defined in code, and for a sampler that is not known."""
    several = _several(translation)
    if any(name in translation.options for name in OWN):
        translation.minimise_unless_told("hydra-optuna-sweeper")
    if translation.take("custom_search_space") is not None:
        raise SweepError(
            "hydra.sweeper.custom_search_space defines parameters in code, and llm_ucb knows none that are not "
            "declared. Declare them in hydra.sweeper.params (`when` makes one depend on another), and what may not be "
            "combined in hydra.sweeper.constraint."
        )
    sampler = translation.take("sampler")
    if sampler is not None:
        _sampler(sampler, translation, several=several)
    n_jobs = translation.take("n_jobs")
    if n_jobs is not None:
        translation.give("n_parallel", "auto" if n_jobs == -1 else n_jobs, f"hydra.sweeper.n_jobs={n_jobs}")
    for name, why in DROPPED.items():
        if translation.take(name) is not None:
            translation.say(f"hydra.sweeper.{name} has no meaning here: {why}.")
    space = translation.take("search_space")
    if space:
        translation.give_params({key: _dimension(spec) for key, spec in space.items()}, "hydra.sweeper.search_space")


def _several(translation: Translation) -> bool:
    """Whether there are several objectives. A list of one direction is that direction."""
    given = translation.options.get("direction")
    if isinstance(given, list) and len(given) == 1:
        translation.options["direction"] = given[0]
    return isinstance(given, list) and len(given) > 1


def _sampler(sampler: Any, translation: Translation, *, several: bool) -> None:
    """A node of the group hydra/sweeper/sampler: ours with a name, the plugin's as Hydra has built it, or neither."""
    node: Mapping[str, Any] = sampler if isinstance(sampler, Mapping) else {}
    name = str(node.get("name", "")) if node else str(getattr(sampler, "__name__", type(sampler).__name__))
    proposer = PROPOSERS.get(name, name if name in PROPOSERS.values() else "")
    if proposer:
        translation.give("proposer", proposer, f"hydra.sweeper.sampler={name}")
    elif several and name in FOR_SEVERAL:
        translation.say(
            f"hydra.sweeper.sampler={name} is left aside: with several objectives llm_ucb proposes by itself."
        )
    elif name:
        raise SweepError(
            f"hydra.sweeper.sampler must be one of {', '.join(PROPOSERS)}, got {name}. Leave it out, and "
            "llm_ucb proposes by itself; hydra.sweeper.mode=grid runs a grid."
        )
    if node.get("seed") is not None:
        translation.give("seed", node["seed"], "the seed of hydra.sweeper.sampler")
    more = sorted(str(key) for key, value in node.items() if key not in ("name", "seed") and value is not None)
    if (more or not node) and proposer:
        translation.say(f"Options of hydra.sweeper.sampler are left to their defaults: {', '.join(more) or 'all'}.")


def _dimension(spec: Any) -> Any:
    """{type: categorical | int | float, choices | low, high, step, log}, as a parameter of ours."""
    if not isinstance(spec, Mapping):
        return spec
    kind = spec.get("type")
    if kind == "categorical":
        return {"type": "choice", "choices": list(spec.get("choices") or ())}
    if spec.get("step") is not None:
        return spaced(spec["low"], spec["high"], spec["step"])
    return {key: value for key, value in spec.items() if key in ("type", "low", "high", "log") and value is not None}
