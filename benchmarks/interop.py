"""Recordings of simulators that are not ours, recovered as well as our own recording of the same network.

python benchmarks/interop.py                              # five seeds of each simulator (hours of a shared core)
python benchmarks/interop.py --functions known            # minutes: weights alone, with both functions given
python benchmarks/interop.py --seeds 0,1 --simulators NEST ours
python benchmarks/interop.py --learned-units 30 --learned-frames 5000    # a minute for each run that learns functions
python benchmarks/interop.py --table                      # rebuild the page from the runs that are kept

The goal is a difference in R2 of 0.01 at most. Another draw of noise alone changes R2 by 0.03 at 3,000 frames and by
much less at 10,000, so the difference is taken per seed and given with its standard error. NEST and brian2 come with
`pip install 'hydra-llm[interop]'`. Every run is kept in outputs/interop and not repeated.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import torch
from _report import ROOT, publish
from scipy.stats import t as student

sys.path.insert(0, str(ROOT / "examples" / "interop"))
import brian2_network
import nest_network
from nwb_file import write_nwb
from rate_network import RateNetwork, Simulate

from hydra_llm.estimation.flow import Flow
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.signal.fitting.given_functions import Terms, weights_given_functions
from hydra_llm.families.signal.recorded import recorded_network
from hydra_llm.families.signal.system import RateField
from hydra_llm.metrics.scores import identity_r2
from hydra_llm.systems.integrators import integrator
from hydra_llm.systems.trajectory import integrate

KEPT = ROOT / "outputs" / "interop"
LEVEL = 0.95
GOAL = 0.01  # of R2, to our own recording of the same network
WITHIN = f"within {GOAL:g}"


def ours(network: RateNetwork, W: np.ndarray, noise_seed: int = 0) -> np.ndarray:
    """The same network by the integrator of this project (RK4, noise at the end of every step)."""
    rate = 1 / network.tau
    parameters = torch.tensor([[rate, 0.0, rate, 0.0, 1.0, 0.0]] * network.units, dtype=torch.float64)
    field = RateField(torch.from_numpy(W), parameters, "tanh", "none")
    start, kicks = torch.from_numpy(network.initial_state())[None], drawn(network, noise_seed)
    with torch.no_grad():
        states, _ = integrate(
            field, integrator("rk4"), start, len(kicks), network.delta_t, network.substeps, None, kicks[:, :, None]
        )
    return states[network.burn_in :, 0].numpy()


def drawn(network: RateNetwork, noise_seed: int = 0) -> torch.Tensor:
    """What noise adds to a state in every step [frame, step, unit], from the start of the burn-in on."""
    draws = torch.Generator().manual_seed(network.seed + noise_seed)
    shape = network.burn_in + network.frames, network.substeps, network.units
    return torch.randn(shape, generator=draws, dtype=torch.float64) * (network.noise / network.substeps**0.5)


def brian2_with_our_noise(network: RateNetwork, W: np.ndarray) -> np.ndarray:
    return brian2_network.simulate(network, W, drawn(network).flatten(0, 1).numpy())


SIMULATORS: dict[str, Simulate] = {
    "NEST": nest_network.simulate,
    "brian2": brian2_network.simulate,
    "brian2, our noise": brian2_with_our_noise,
    "ours": ours,
    "ours-again": partial(ours, noise_seed=1000),  # how much of a difference is chance
}


def folder_of(simulator: str, network: RateNetwork) -> Path:
    return KEPT / f"{simulator}-{network.units}-{network.frames}-{network.noise:g}-{network.seed}"


def recorded(simulator: str, network: RateNetwork) -> Path:
    """The folder of a recording: activity.nwb and truth.npy (weights in 1/s)."""
    folder = folder_of(simulator, network)
    if not (folder / "truth.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        W = network.weights()
        states = network.measured(SIMULATORS[simulator](network, W))
        write_nwb(
            folder / "activity.nwb",
            states,
            rate=1 / network.delta_t,
            identifier=simulator,
            description=f"{simulator}: {network}",
        )
        np.save(folder / "truth.npy", W / network.tau)
    return folder


def fitted(folder: Path, seed: int) -> dict[str, float]:
    """Metrics of a run on the recording of the folder; empty where it failed."""
    run = folder / "run"
    kept, failed = run / "metrics.json", folder / "failed.txt"
    if not kept.exists() and not failed.exists():
        keys = [
            *("simulation=recording", f"simulation.path={folder / 'activity.nwb'}", "logger=csv", f"seed={seed}"),
            *(f"simulation.truth_path={folder / 'truth.npy'}", f"paths.datasets={folder / 'data'}"),
            *("callbacks.figures=false", f"hydra.run.dir={run}"),
        ]
        shutil.rmtree(run, ignore_errors=True)  # of a run that was broken off
        words = [sys.executable, "train.py", *keys]
        done = subprocess.run(
            words, cwd=ROOT, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if not kept.exists():
            print(done.stderr, file=sys.stderr)
            failed.write_text(done.stderr)
    return json.loads(kept.read_text()) if kept.exists() else {}


def with_law_known(folder: Path, network: RateNetwork) -> dict[str, float]:
    """R2, slope and coverage of W from the training frames where both functions are given, and the R2 that standard
    errors foretell: what the recording tells."""
    kept = folder / "law_known.json"
    if not kept.exists():
        recording = recorded_network(path=str(folder / "activity.nwb"))
        activity = np.concatenate([stretch.activity for stretch in recording.parts["train"]])
        true, rate = torch.from_numpy(np.load(folder / "truth.npy")), 1 / network.tau
        states = Recorded(torch.from_numpy(activity).double(), None, recording.delta_t)
        frames = Flow().refine(states, lambda u, external: -rate * u + torch.tanh(u) @ true.T)
        found = weights_given_functions(Terms(torch.tanh(frames.activity), frames.target + rate * frames.activity))
        W, own = true.numpy(), ~np.eye(len(true), dtype=bool)
        w, w_true = found.value[own], W[own]
        z = np.abs(w - w_true) / found.error[own]
        scores = {
            "R2": identity_r2(w, w_true),
            "slope": float(np.polyfit(w_true, w, 1)[0]),
            "coverage": float((z < found.reach(LEVEL)).mean()),
            "R2 foretold": 1 - float((found.error[own] ** 2).mean() / w_true.var()),
        }
        kept.write_text(json.dumps(scores))
    return json.loads(kept.read_text())


def held(folder: Path, network: RateNetwork) -> dict[str, float] | None:
    """Shares of the recorded states at which the 95 % band of a function holds the true one; None without bands.

    Both messages have a standard deviation of 1 over the training frames.
    """
    with (folder / "run" / "functions.csv").open() as file:
        rows = list(csv.DictReader(file))
    if not rows[0].get("message_low_95"):
        return None
    column = {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "unit"}
    recording = recorded_network(path=str(folder / "activity.nwb"))
    u = np.concatenate([stretch.activity for stretch in recording.parts["train"]]).ravel()
    states, size = column["state"], np.interp(u, column["state"], column["message"]).std()
    truth = {"message": np.tanh(states) * size / np.tanh(u).std(), "update": -states / network.tau}
    visits, _ = np.histogram(u, bins=np.concatenate([[-np.inf], (states[1:] + states[:-1]) / 2, [np.inf]]))
    inside = {
        name: (column[f"{name}_low_95"] <= true) & (true <= column[f"{name}_high_95"]) for name, true in truth.items()
    }
    return {name: float(np.average(one, weights=visits)) for name, one in inside.items()}


def main() -> None:
    options = _options()

    def networks(units: int, frames: int) -> list[RateNetwork]:
        return [RateNetwork(units=units, frames=frames, noise=options.noise, seed=seed) for seed in options.seeds]

    cases = {
        "known": networks(options.units, options.frames),
        "learned": networks(options.learned_units or options.units, options.learned_frames or options.frames),
    }
    if not options.table:
        for functions in options.functions:
            for network in cases[functions]:
                for name in options.simulators:
                    R2 = _measured(functions, recorded(name, network), network)
                    words = "the run failed" if R2 is None else f"R2 {R2:.4f}"
                    print(f"{name}, seed {network.seed}: {words} with functions {functions}", flush=True)
    _page(cases)


def _measured(functions: str, folder: Path, network: RateNetwork) -> float | None:
    """R2 of W; None where the run failed."""
    if functions == "known":
        return with_law_known(folder, network)["R2"]
    return fitted(folder, network.seed).get("connectivity_R2")


def _page(cases: Mapping[str, Sequence[RateNetwork]]) -> None:
    one = cases["known"][0]
    missing = "; ".join(filter(None, (_missing(*case) for case in cases.items()))) or "nothing"
    publish(
        "interop",
        "Recordings of simulators that are not ours",
        [row for case in cases.items() for row in _rows(*case)],
        packages=("torch", "nest-simulator", "brian2", "numpy"),
        note=NOTE.format(one=one, sigma=one.sigma, ratio=one.delta_t / one.tau, goal=GOAL, missing=missing),
    )


def _rows(functions: str, networks: Sequence[RateNetwork]) -> list[dict[str, object]]:
    """One per simulator with a run that is kept, over the seeds of these."""
    own = {network.seed: _scores("ours", functions, network) for network in networks}
    rows: list[dict[str, object]] = []
    for name in SIMULATORS:
        found = {network.seed: _scores(name, functions, network) for network in networks}
        done = {seed: scores for seed, scores in found.items() if scores}
        if not done:
            continue
        apart = [scores["R2"] - own[seed]["R2"] for seed, scores in done.items() if own[seed]]
        beyond = [scores["R2"] - scores["R2 foretold"] for scores in done.values() if "R2 foretold" in scores]
        rows.append(
            {
                "functions": functions,
                "units": networks[0].units,
                "frames": networks[0].frames,
                "simulator": name,
                "seeds": f"{len(done)} of {len(networks)}",
                **{key: _over(done.values(), key) for key in SHOWN},
                **({} if name == "ours" else compared(apart)),
                **({"R2 - foretold": with_error(beyond), f"that {WITHIN}": verdict(beyond)} if beyond else {}),
            }
        )
    return rows


def compared(apart: Sequence[float]) -> dict[str, str]:
    """Differences in R2 of paired recordings: mean and its standard error, how many are within the goal, and whether
    the mean is."""
    if not apart:
        return {}
    pairs = f"{sum(abs(one) <= GOAL for one in apart)} of {len(apart)}"
    return {"R2 - ours": with_error(apart), "pairs": pairs, WITHIN: verdict(apart)}


def verdict(values: Sequence[float]) -> str:
    """Whether the 95 % interval of their mean (Student's t) lies within the goal."""
    if len(values) < 2:
        return "not told"
    off, reach = abs(mean(values)), _standard_error(values) * float(student.ppf(0.5 + LEVEL / 2, len(values) - 1))
    return "yes" if off + reach <= GOAL else "no" if off - reach > GOAL else "not told"


def with_error(values: Sequence[float]) -> str:
    """Mean +- its standard error."""
    shown = f"{mean(values):+.4f}" if values else ""
    return shown + (f" +- {_standard_error(values):.4f}" if len(values) > 1 else "")


def _standard_error(values: Sequence[float]) -> float:
    return stdev(values) / len(values) ** 0.5


def _missing(functions: str, networks: Sequence[RateNetwork]) -> str:
    """Words for the recordings that have no scores."""
    words = []
    for name in SIMULATORS:
        left = [network for network in networks if not _scores(name, functions, network)]
        failed = [n.seed for n in left if functions == "learned" and (folder_of(name, n) / "failed.txt").exists()]
        missing = [n.seed for n in left if n.seed not in failed]
        words += [f"{name} (seeds {', '.join(map(str, missing))})"] if missing else []
        words += [f"{name} (seeds {', '.join(map(str, failed))}: the fit failed)"] if failed else []
    return f"functions {functions}: {', '.join(words)}" if words else ""


SHOWN = (
    *("R2", "R2 foretold", "slope", "95 % hold"),
    *("process noise", "measurement noise", "message holds", "update holds"),
)


def _scores(name: str, functions: str, network: RateNetwork) -> dict[str, float]:
    """Of one recording by the columns of the table; empty where it is not measured."""
    folder = folder_of(name, network)
    if functions == "known":
        if not (folder / "law_known.json").exists():
            return {}
        found = with_law_known(folder, network)
        names = {"slope": "slope", "95 % hold": "coverage", "R2 foretold": "R2 foretold"}
        return {"R2": found["R2"], **{shown: found[name] for shown, name in names.items() if name in found}}
    if not (folder / "run" / "metrics.json").exists():
        return {}
    metrics, inside = fitted(folder, network.seed), held(folder, network)
    return {
        "R2": metrics["connectivity_R2"],
        "slope": metrics["connectivity_R2_slope"],
        "95 % hold": metrics["connectivity_coverage_95"],
        "process noise": metrics["process_noise"],
        "measurement noise": metrics["measurement_noise"],
        **({} if inside is None else {f"{name} holds": share for name, share in inside.items()}),
    }


def _over(scores: Iterable[Mapping[str, float]], key: str) -> str:
    """Mean, with the standard deviation over seeds."""
    values = [one[key] for one in scores if key in one]
    return "" if not values else f"{mean(values):.4f}" + (f" +- {stdev(values):.4f}" if len(values) > 1 else "")


NOTE = (
    "Networks with tau du = (-u + W tanh(u)) dt + sqrt(tau) sigma dB, N(0, {one.gain:g}^2 / n) "
    "weights, frames {ratio:g} tau apart, {one.substeps} simulator steps per frame. The same weights and the same "
    "start for all. Each draws its own noise; with *our noise* brian2 adds in every step what ours does, so that the "
    "difference is free of chance. NEST is given sigma = noise sqrt(tau / delta_t) = {sigma:.4f} and integrates leak "
    "and noise exactly, inputs held over a step; brian2 is given the same sigma in `sigma * xi / sqrt(tau)` and takes "
    "Euler-Maruyama steps; ours adds the noise at the end of every Runge-Kutta "
    "step. Put in: {one.noise:g} per frame of process noise, and no measurement noise. Functions known: W alone is "
    "estimated from the training frames; learned: a run of simulation=recording. Means +- standard deviations over "
    "seeds. R2 - ours: difference between recordings of the same network, mean +- its standard error over seeds; "
    "pairs: how many of them differ by {goal:g} at most; within {goal:g}: whether the 95 % interval of the mean "
    "(Student's t) is; not told: it reaches beyond, or there is one pair. ours-again has other draws of noise, so its "
    "difference is chance: how much a recording tells depends on the draw of noise, most where a network settles. "
    "R2 foretold: what the standard errors of W in this recording let expect; R2 - foretold is free of that chance. "
    "Message and update holds: share of the recorded states at which the 95 % band of the learned function holds the "
    "true one. "
    "Without a result: {missing}. `python benchmarks/interop.py` makes the runs that are missing."
)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Recordings of NEST and brian2 beside our own.")
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")], default=[0, 1, 2, 3, 4])
    parser.add_argument("--simulators", nargs="*", default=list(SIMULATORS), choices=list(SIMULATORS))
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--learned-units", type=int, default=None, help="where functions are learned; default: units")
    parser.add_argument("--learned-frames", type=int, default=None, help="where functions are learned; default: frames")
    parser.add_argument("--noise", type=float, default=0.05, help="process noise per frame")
    parser.add_argument(
        "--functions",
        nargs="*",
        default=["known", "learned"],
        choices=["known", "learned"],
        help="known: both are given",
    )
    parser.add_argument("--table", action="store_true", help="run nothing, rebuild the page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
