"""Measurements simulated from an SBML model whose parameters have values: the target of conf/simulation/sbml.yaml.

They become a PEtab problem without these values, so that the fit is the same as that of real data.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from hydra_llm.data.fingerprint import source_hash
from hydra_llm.families.reactions.config import SbmlSimulation
from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed, Tolerances
from hydra_llm.families.reactions.dynamics.system import OpenSystem
from hydra_llm.families.reactions.dynamics.trajectory import first_state, run
from hydra_llm.families.reactions.errors import ModelError, libsbml
from hydra_llm.families.reactions.petab.problem import ProblemFiles
from hydra_llm.families.reactions.sbml.document import network_of
from hydra_llm.families.reactions.sbml.mathematics import real
from hydra_llm.families.reactions.sbml.network import KineticNetwork
from hydra_llm.families.reactions.system.measured import content_of, readers
from hydra_llm.families.reactions.system.measurements import Measurements
from hydra_llm.schema.fields import config_of
from hydra_llm.systems.configured import identity
from hydra_llm.systems.random_streams import stream_seed

STILL = 1e-9  # spread of a species over its size, below which it does not move
MODEL, CONDITION = "model.xml", "simulated"


def sbml_recording(**keys: Any) -> Measurements:
    """Simulates. Raises ModelError, NotSupported, ValueError for an unknown key."""
    config = config_of(SbmlSimulation, keys)
    if config.path is None:
        raise ModelError(
            "simulation.path must name an SBML file, got none: python train.py simulation=sbml "
            "simulation.path=MODEL.xml (docs/reactions_from_files.md)."
        )
    path = Path(config.path).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"The SBML file {path} cannot be read: {error}.") from error
    network = network_of(text, path.name)
    true = _true_values(network, config, text)
    times = np.linspace(0, config.end_time, config.n_times + 1)[1:]
    species, states = _trajectory(network, config, times)
    sd = config.measurement_noise_level * states.std(axis=0)
    moving = sd > STILL * np.abs(states).max(axis=0)
    if not moving.any():
        raise ModelError(f"No observed species of {path.name} changes between 0 and {config.end_time:g}.")
    species, states, sd = [name for name, m in zip(species, moving, strict=True) if m], states[:, moving], sd[moving]
    if not config.noise_is_known:
        true |= {f"sd_{name}": float(level) for name, level in zip(species, sd, strict=True)}
    files = _files(_without_values(text, set(true)), species, states, sd, times, list(true), config)
    simulator = source_hash("families/reactions/dynamics")
    address = {
        **identity(config, ("path",)),
        "content": content_of(files),
        "readers": readers(),
        "simulator": simulator,
    }
    return Measurements("sbml", files, true, is_truth=True, address=address, seed=config.seed)


def _true_values(network: KineticNetwork, config: SbmlSimulation, text: str) -> dict[str, float]:
    """Of the parameters to estimate."""
    parameters = _plain_parameters(text)
    used = {str(symbol) for formula in network.derivatives.values() for symbol in formula.free_symbols}
    closed = network.in_order()
    values = {name: float(closed[real(name)]) for name in parameters if name in network.constants}
    names = config.estimate
    if names is None:
        names = [name for name, value in values.items() if name in used and value > 0]
    for name in names:
        if name not in values:
            known = ", ".join(values) or "none"
            raise ModelError(f"simulation.estimate must name parameters with a value, got {name}. They are: {known}.")
    if not names:
        raise ModelError(
            "The model has no parameter with a positive value to estimate; name some by simulation.estimate."
        )
    low, high = _bounds(config.bounds)
    for name in names:
        if not low < values[name] < high:
            raise ModelError(
                f"simulation.bounds must hold the true value of every parameter, and {name} is {values[name]:g}: set "
                "wider bounds."
            )
    return {name: values[name] for name in names}


def _bounds(bounds: Sequence[float]) -> tuple[float, float]:
    if len(bounds) != 2 or not 0 < bounds[0] < bounds[1]:
        raise ModelError(f"simulation.bounds must be two positive numbers, the lower first, got {list(bounds)}.")
    return bounds[0], bounds[1]


def _document(text: str) -> Any:
    """With local parameters under names of their own."""
    lib = libsbml()
    document = lib.readSBMLFromString(text)
    options = lib.ConversionProperties()
    options.addOption("promoteLocalParameters", True)
    document.convert(options)
    return document


def _plain_parameters(text: str) -> list[str]:
    """Parameters with a value that neither a rule nor an initial assignment gives."""
    document = _document(text)
    model = document.getModel()
    found = [model.getParameter(i) for i in range(model.getNumParameters())]
    return [
        one.getId()
        for one in found
        if one.isSetValue()
        and model.getInitialAssignmentBySymbol(one.getId()) is None
        and model.getRuleByVariable(one.getId()) is None
    ]


def _without_values(text: str, names: set[str]) -> str:
    """The model without the values of these parameters."""
    document = _document(text)
    model = document.getModel()
    for i in range(model.getNumParameters()):
        if model.getParameter(i).getId() in names:
            model.getParameter(i).unsetValue()
    return libsbml().writeSBMLToString(document)


def _trajectory(network: KineticNetwork, config: SbmlSimulation, times: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names of the observed species, and their true values [time, species]."""
    names = list(network.species) if config.observed is None else config.observed
    for name in names:
        if name not in network.states:
            raise ModelError(
                f"simulation.observed must name species that change, got {name}. They are: {', '.join(network.states)}."
            )
    system, k = OpenSystem(network, ()), np.array([])
    try:
        path = run(system, k, None, first_state(system, k, None), times, Tolerances(1e-10, 1e-12))
    except IntegrationFailed as error:
        raise ModelError(f"{network.name} cannot be integrated up to {config.end_time:g}: {error}") from error
    return names, path.x[:, [network.states.index(name) for name in names]]


def _files(
    model: str,
    species: list[str],
    states: np.ndarray,
    sd: np.ndarray,
    times: np.ndarray,
    estimated: list[str],
    config: SbmlSimulation,
) -> ProblemFiles:
    generator = np.random.default_rng(stream_seed(config.seed, "measurement_noise"))
    rows = ["observableId\tsimulationConditionId\ttime\tmeasurement\tnoiseParameters"]
    for i, name in enumerate(species):
        noise = repr(float(sd[i])) if config.noise_is_known else f"sd_{name}"
        for j, time in enumerate(times):
            for _ in range(config.n_replicates):
                value = states[j, i] + sd[i] * generator.standard_normal()
                rows.append(f"obs_{name}\t{CONDITION}\t{float(time)!r}\t{float(value)!r}\t{noise}")
    observables = ["observableId\tobservableFormula\tnoiseFormula"]
    observables += [f"obs_{name}\t{name}\tnoiseParameter1_obs_{name}" for name in species]
    low, high = config.bounds
    parameters = ["parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate"]
    parameters += [f"{name}\tlog10\t{low!r}\t{high!r}\t\t1" for name in estimated]
    content = {
        "format_version": 1,
        "parameter_file": "parameters.tsv",
        "problems": [
            {
                "sbml_files": [MODEL],
                "condition_files": ["conditions.tsv"],
                "observable_files": ["observables.tsv"],
                "measurement_files": ["measurements.tsv"],
            }
        ],
    }
    tables = {
        "parameters.tsv": parameters,
        "conditions.tsv": ["conditionId\tconditionName", f"{CONDITION}\t{CONDITION}"],
        "observables.tsv": observables,
        "measurements.tsv": rows,
    }
    texts = {name: "\n".join(lines) + "\n" for name, lines in tables.items()}
    return ProblemFiles("problem.yaml", {"problem.yaml": yaml.safe_dump(content), MODEL: model, **texts})
