"""Keys of reaction networks from files: of the PEtab problem, the SBML model, and the maximum likelihood fit."""

from dataclasses import dataclass

from hydra_llm.schema.fields import key


@dataclass
class PetabSimulation:
    """A PEtab problem that the user brings; the arguments of hydra_llm.families.reactions.petab_problem."""

    _target_: str = "hydra_llm.families.reactions.petab_problem"

    path: str | None = key(None, help="the YAML file of a PEtab problem (version 1)")


@dataclass
class SbmlSimulation:
    """A recording simulated from an SBML model; the arguments of hydra_llm.families.reactions.sbml_recording."""

    _target_: str = "hydra_llm.families.reactions.sbml_recording"

    # ---- the model ----
    path: str | None = key(None, help="the SBML file of a model whose parameters have values: the truth")
    estimate: list[str] | None = key(
        None, help="parameters to estimate; null: all positive constants that reactions depend on, sizes left out"
    )
    observed: list[str] | None = key(None, help="species that are measured; null: all that change")
    bounds: list[float] = key([1e-5, 1e3], help="lower and upper bound of every estimated parameter")

    # ---- recording ----
    end_time: float = key(100.0, help="time of the last measurement", unit="of the model", low=0, open_low=True)
    n_times: int = key(20, help="times of measurement, evenly spaced, after the start", low=2)
    n_replicates: int = key(1, help="measurements of every species at every time", low=1)
    measurement_noise_level: float = key(
        0.05, help="standard deviation of the noise, relative to that of each species over time", low=0, open_low=True
    )
    noise_is_known: bool = key(True, help="whether the fit knows that standard deviation; false: it is estimated")
    seed: int = key("${seed}", help="seed of the noise")


@dataclass
class MaximumLikelihoodTraining:
    """Descents from many starts, then a profile of every parameter (docs/reactions_from_files.md)."""

    seed: int = key("${seed}", help="seed of the starts")
    n_starts: int = key(20, help="descents from different starts", low=1)
    max_iterations: int = key(300, help="iterations of a descent, at most", low=1)
    tolerance: float = key(
        1e-6, help="change of the negative log likelihood below which a descent ends", low=0, open_low=True
    )
    rtol: float = key(1e-8, help="relative tolerance of the integrator", low=1e-13, high=1e-2)
    atol: float = key(1e-10, help="absolute tolerance of the integrator", low=0, open_low=True)
    profile: bool = key(True, help="compute profile likelihoods, and from them 95 % intervals")
    must_beat: list[str] = key(
        ["constant"], help="baselines that a fit must beat: constant, one value per observable; [] accepts any fit"
    )
