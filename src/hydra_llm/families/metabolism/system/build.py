"""From flat published keys to a MetabolismSystem: the target of conf/simulation/metabolism_*.yaml."""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Generator

from hydra_llm.families.metabolism.system.homeostasis import Circadian, HomeostasisTypes
from hydra_llm.families.metabolism.system.identifiable import identifiable_network
from hydra_llm.families.metabolism.system.kinetics import rate_law
from hydra_llm.families.metabolism.system.modulation import MODES, TYPES, Modulation
from hydra_llm.families.metabolism.system.network import ReactionNetwork
from hydra_llm.families.metabolism.system.published import published_network
from hydra_llm.families.metabolism.system.system import MetabolismSystem
from hydra_llm.systems.integrators import integrator as integrator_named
from hydra_llm.systems.noise import ProcessNoise
from hydra_llm.systems.recording import plain, split_lengths


def metabolism_system(
    *,
    n_metabolites: int,
    n_metabolite_types: int,
    n_reactions: int,
    max_metabolites_per_reaction: int,
    cycle_fraction: float,
    cycle_length: int,
    identifiable: bool,
    stoichiometry_seed: int | None,
    use_mass_action: bool,
    half_saturation: float,
    log_k_min: float,
    log_k_max: float,
    flux_limit: bool,
    concentration_min: float,
    concentration_max: float,
    homeostatic_strength: float,
    homeostatic_lambda_per_type: Sequence[float] | None,
    homeostatic_baseline_per_type: Sequence[float] | None,
    baseline_mode: str,
    baseline_concentration: float,
    circadian_amplitude: float,
    circadian_period: float,
    external_input_type: str,
    external_input_mode: str,
    n_input_metabolites: int,
    modulation_period: float,
    n_frames: int,
    n_frames_validation: int | None,
    n_frames_test: int | None,
    start_frame: int,
    delta_t: float,
    substeps: int,
    integrator: str,
    dtype: str,
    seed: int,
    noise_model_level: float,
    noise_scaling: str,
    measurement_noise_level: float,
) -> MetabolismSystem:
    """Build the reaction network that the keys describe.

    identifiable: true draws a network whose rate constants data can determine, false the published generator's.
    stoichiometry_seed: of the published generator; None takes it from `seed`.
    n_frames_validation, n_frames_test: None takes min(2000, n_frames).
    start_frame: 0 or negative; so many frames are integrated before the first recorded one.
    Raises ValueError with a sentence for every value that describes no network.
    """
    keys = {name: plain(value) for name, value in locals().items()}
    return MetabolismSystem(
        keys=keys,
        seed=seed,
        n_units=n_metabolites,
        n_types=n_metabolite_types,
        draw_network=_network(
            n_metabolites,
            n_reactions,
            cycle_fraction,
            cycle_length,
            max_metabolites_per_reaction,
            identifiable,
            stoichiometry_seed,
        ),
        log_k_range=(log_k_min, log_k_max),
        law=rate_law(use_mass_action, half_saturation),
        draw_types=partial(
            _types,
            n_metabolite_types,
            homeostatic_strength,
            baseline_concentration,
            homeostatic_lambda_per_type,
            homeostatic_baseline_per_type,
        ),
        baseline_mode=baseline_mode,
        circadian=Circadian(circadian_amplitude, circadian_period) if circadian_amplitude else None,
        modulation=_modulation(external_input_type, external_input_mode, n_input_metabolites, modulation_period),
        flux_limit=flux_limit,
        concentration_range=(concentration_min, concentration_max),
        noise=ProcessNoise(noise_model_level, noise_scaling),
        measurement_noise_level=measurement_noise_level,
        integrator=integrator_named(integrator),
        delta_t=delta_t,
        substeps=substeps,
        burn_in=-start_frame,
        n_frames=split_lengths(n_frames, n_frames_validation, n_frames_test),
        dtype=dtype,
    )


def _network(
    n_metabolites: int,
    n_reactions: int,
    cycle_fraction: float,
    cycle_length: int,
    max_metabolites: int,
    identifiable: bool,
    seed: int | None,
) -> Callable[[Generator], ReactionNetwork]:
    if n_reactions < 1:
        raise ValueError(f"n_reactions={n_reactions}: a network needs at least one reaction.")
    if not 0 <= cycle_fraction <= 1:
        raise ValueError(f"cycle_fraction={cycle_fraction} is a share of the reactions: choose it in [0, 1].")
    if not 2 <= cycle_length <= n_metabolites:
        raise ValueError(f"cycle_length={cycle_length} has to lie between 2 and n_metabolites={n_metabolites}.")
    if max_metabolites < 2:
        raise ValueError(f"max_metabolites_per_reaction={max_metabolites} has to be at least 2.")
    if identifiable and seed is not None:
        raise ValueError(
            f"stoichiometry_seed={seed} seeds the published generator, which identifiable=true does not use. "
            "Set identifiable=false, or leave stoichiometry_seed null."
        )

    def draw(generator: Generator) -> ReactionNetwork:
        shape = {"cycle_fraction": cycle_fraction, "cycle_length": cycle_length, "max_metabolites": max_metabolites}
        if identifiable:
            return identifiable_network(n_metabolites, n_reactions, **shape, generator=generator)
        own = generator.initial_seed() if seed is None else seed
        return published_network(n_metabolites, n_reactions, **shape, seed=own)

    return draw


def _types(
    n_types: int,
    strength: float,
    baseline: float,
    rates: Sequence[float] | None,
    baselines: Sequence[float] | None,
    generator: Generator,
) -> HomeostasisTypes:
    return HomeostasisTypes.of(
        n_types, strength=strength, baseline=baseline, rates=rates, baselines=baselines, generator=generator
    )


def _modulation(kind: str, mode: str, n_input: int, period: float) -> Modulation | None:
    if kind == "visual":
        raise ValueError(
            "external_input_type='visual' needs the movie of the publications, which is not part of this project. "
            "Use external_input_type='modulation'."
        )
    if kind not in TYPES:
        raise ValueError(f"external_input_type={kind!r} is unknown. Choose one of: {', '.join(TYPES)}.")
    if (kind == "none") != (mode == "none"):
        raise ValueError(
            "external_input_type and external_input_mode do not fit together: both are 'none' or neither is, "
            f"but they are {kind!r} and {mode!r}. Modes: {', '.join(MODES)}."
        )
    return None if kind == "none" else Modulation(mode, n_input, period)
