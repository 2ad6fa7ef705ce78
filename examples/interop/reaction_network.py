"""Records concentrations of a reaction network with COPASI (basico) or libroadrunner, deterministic or stochastic.

    pip install 'hydra-llm[interop]'
    python examples/interop/reaction_network.py concentrations.csv
    python examples/interop/reaction_network.py concentrations.csv --simulator roadrunner --stochastic --volume 1000
    python examples/interop/reaction_network.py concentrations.npz --network mine.txt --sbml mine.xml

Both simulators read the same SBML, which `mass_action.py` writes from text; the default is the Brusselator.
Stochastic is Gillespie's direct method: reactions happen one by one, so the noise is that of few molecules, and not
Gaussian. `simulation=recording` reads such files, but what it fits is a rate network, which reactions are not.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mass_action import BRUSSELATOR, MassAction


@dataclass(frozen=True)
class Run:
    """species: in the order of the columns; frames: recorded, delta_t apart."""

    sbml: str
    species: tuple[str, ...]
    frames: int
    delta_t: float
    stochastic: bool
    seed: int

    @property
    def duration(self) -> float:
        return (self.frames - 1) * self.delta_t


def copasi(run: Run) -> np.ndarray:
    """Concentrations [frame, species]."""
    try:
        import basico
    except ImportError:
        raise SystemExit("COPASI is needed: pip install copasi-basico, or 'hydra-llm[interop]'.") from None
    model = basico.load_model_from_string(run.sbml)
    keys = {"method": "directMethod", "use_seed": True, "seed": run.seed + 1} if run.stochastic else {}
    if not run.stochastic:
        keys = {"method": "deterministic", "r_tol": 1e-9, "a_tol": 1e-12}
    table = basico.run_time_course(
        start_time=0, duration=run.duration, intervals=run.frames - 1, model=model, update_model=False, **keys
    )
    basico.remove_datamodel(model)
    return table[list(run.species)].to_numpy()


def roadrunner(run: Run) -> np.ndarray:
    """Concentrations [frame, species]."""
    try:
        from roadrunner import RoadRunner
    except ImportError:
        raise SystemExit("libroadrunner is needed: pip install libroadrunner, or 'hydra-llm[interop]'.") from None
    model = RoadRunner(run.sbml)
    if run.stochastic:
        model.setIntegrator("gillespie")
        model.integrator.seed = run.seed + 1
        model.integrator.variable_step_size = False
        model.integrator.nonnegative = True
    else:
        model.integrator.relative_tolerance, model.integrator.absolute_tolerance = 1e-9, 1e-12
    columns = [f"[{name}]" for name in run.species]
    return np.array(model.simulate(0, run.duration, run.frames, columns))


SIMULATORS: dict[str, Callable[[Run], np.ndarray]] = {"copasi": copasi, "roadrunner": roadrunner}


def write(path: Path, concentrations: np.ndarray, run: Run) -> None:
    """A row per frame: time and a column per species."""
    time = run.delta_t * np.arange(len(concentrations))
    if path.suffix == ".npz":
        np.savez(path, activity=concentrations, time=time, unit_names=np.array(run.species))
        return
    rows = np.column_stack([time, concentrations])
    np.savetxt(path, rows, delimiter=",", header=",".join(["time", *run.species]), comments="", fmt="%.12g")


def main() -> None:
    options = _options()
    try:
        text = BRUSSELATOR if options.network is None else options.network.read_text(encoding="utf-8")
        network = MassAction.read(text)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    sbml = network.sbml(options.volume)
    if options.sbml is not None:
        options.sbml.write_text(sbml, encoding="utf-8")
    run = Run(sbml, tuple(network.start), options.frames, options.delta_t, options.stochastic, options.seed)
    concentrations = SIMULATORS[options.simulator](run)
    write(options.path, concentrations, run)
    print(f"Wrote {options.path} ({len(concentrations)} frames of {', '.join(run.species)}).")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Record a reaction network.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the time course, .csv or .npz")
    parser.add_argument("--network", type=Path, help="text of mass_action.py; without it the Brusselator")
    parser.add_argument("--sbml", type=Path, help="also write the model as SBML")
    parser.add_argument("--simulator", choices=list(SIMULATORS), default="copasi")
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--delta-t", type=float, default=0.02, help="time between frames")
    parser.add_argument("--stochastic", action="store_true", help="reactions happen one by one")
    parser.add_argument("--volume", type=float, default=1000.0, help="molecules per unit of concentration")
    parser.add_argument("--seed", type=int, default=0, help="of the order of reactions")
    options = parser.parse_args()
    if options.path.suffix not in (".csv", ".npz"):
        parser.error(f"the time course must end in .csv or .npz, got {options.path}.")
    for name, value in (("--delta-t", options.delta_t), ("--volume", options.volume), ("--frames", options.frames - 1)):
        if not value > 0:
            parser.error(f"{name} must be above {1 if name == '--frames' else 0}.")
    return options


if __name__ == "__main__":
    main()
