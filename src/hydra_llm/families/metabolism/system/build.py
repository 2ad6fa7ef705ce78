"""From flat published keys to a MetabolismSystem: the target of conf/simulation/metabolism_*.yaml."""

from collections.abc import Callable
from typing import Any

from torch import Generator

from hydra_llm.choice import check_choice
from hydra_llm.families.metabolism.config import MetabolismSimulation
from hydra_llm.families.metabolism.system.homeostasis import Circadian
from hydra_llm.families.metabolism.system.identifiable import identifiable_network
from hydra_llm.families.metabolism.system.kinetics import rate_law
from hydra_llm.families.metabolism.system.modulation import MODES, TYPES, Modulation
from hydra_llm.families.metabolism.system.network import ReactionNetwork
from hydra_llm.families.metabolism.system.published import published_network
from hydra_llm.families.metabolism.system.system import MetabolismSystem
from hydra_llm.schema.fields import config_of


def metabolism_system(**keys: Any) -> MetabolismSystem:
    """The reaction network that the keys of MetabolismSimulation describe.

    Raises ValueError with a sentence for an unknown key, and for every value that describes no network.
    """
    return build(config_of(MetabolismSimulation, keys))


def build(config: MetabolismSimulation) -> MetabolismSystem:
    swing = config.circadian_amplitude
    return MetabolismSystem(
        config,
        draw_network=_network(config),
        law=rate_law(config.use_mass_action, config.half_saturation),
        circadian=Circadian(swing, config.circadian_period) if swing else None,
        modulation=_modulation(config),
    )


def _network(config: MetabolismSimulation) -> Callable[[Generator], ReactionNetwork]:
    n_metabolites, n_reactions, seed = config.n_metabolites, config.n_reactions, config.stoichiometry_seed
    if n_reactions < 1:
        raise ValueError(f"n_reactions must be at least 1, got {n_reactions}.")
    if not 0 <= config.cycle_fraction <= 1:
        raise ValueError(f"cycle_fraction must be between 0 and 1, got {config.cycle_fraction}.")
    if not 2 <= config.cycle_length <= n_metabolites:
        raise ValueError(
            f"cycle_length must be between 2 and n_metabolites ({n_metabolites}), got {config.cycle_length}."
        )
    if config.max_metabolites_per_reaction < 2:
        raise ValueError(f"max_metabolites_per_reaction must be at least 2, got {config.max_metabolites_per_reaction}.")
    if config.identifiable and seed is not None:
        raise ValueError(
            f"stoichiometry_seed must be null with identifiable=true, got {seed}: it seeds the published generator. "
            "Set identifiable=false to use it."
        )

    def draw(generator: Generator) -> ReactionNetwork:
        shape = {
            "cycle_fraction": config.cycle_fraction,
            "cycle_length": config.cycle_length,
            "max_metabolites": config.max_metabolites_per_reaction,
        }
        if config.identifiable:
            return identifiable_network(n_metabolites, n_reactions, **shape, generator=generator)
        own = generator.initial_seed() if seed is None else seed
        return published_network(n_metabolites, n_reactions, **shape, seed=own)

    return draw


def _modulation(config: MetabolismSimulation) -> Modulation | None:
    kind, mode = config.external_input_type, config.external_input_mode
    if kind == "visual":
        raise ValueError(
            "external_input_type='visual' needs the movie of the publications, which is not part of this project. "
            "Use external_input_type='modulation'."
        )
    check_choice("external_input_type", kind, TYPES)
    if (kind == "none") != (mode == "none"):
        raise ValueError(
            f"external_input_type and external_input_mode must be 'none' together or not at all, got {kind!r} and "
            f"{mode!r}. Modes: {', '.join(MODES)}."
        )
    return None if kind == "none" else Modulation(mode, config.n_input_metabolites, config.modulation_period)
