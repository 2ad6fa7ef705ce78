"""Maximum likelihood on real data: problems of the PEtab collection, which problems can be read, and coverage.

git clone https://github.com/Benchmarking-Initiative/Benchmark-Models-PEtab
python benchmarks/petab.py --collection Benchmark-Models-PEtab/Benchmark-Models
python benchmarks/petab.py --parts coverage --seeds 60 --runs petab_runs

Three tables: fits of three problems beside their published likelihoods, a row per problem of the collection, and how
often the intervals of the example's simulated measurements hold the true values.
"""

import argparse
import csv
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _report import ROOT, publish

from hydra_llm.families.reactions.dynamics.integrator import IntegrationFailed
from hydra_llm.families.reactions.errors import ModelError, NotSupported
from hydra_llm.families.reactions.likelihood.likelihood import Likelihood
from hydra_llm.families.reactions.petab.problem import ProblemFiles

PUBLISHED = {  # problem -> negative log likelihood of the published fit, starts of ours
    "Boehm_JProteomeRes2014": (138.2220, 20),
    "Bruno_JExpBot2016": (-46.6882, 20),
    "Crauste_CellSystems2017": (190.9640, 40),
}
WITHOUT_PROFILES = ("Crauste_CellSystems2017",)  # along its ridge they take much longer than the fit
FIELDS = ("states", "reactions", "conditions", "estimated", "measurements", "nll at the nominal values", "seconds")
REFUSED = "not read because of"
PACKAGES = ("fides", "python-libsbml", "sympy", "scipy", "numpy")
EXAMPLE = ROOT / "examples" / "petab" / "cascade.xml"
ESTIMATED = "[k_act,k_deact,k_cat,K_m,k_phos]"  # the dose is known


def main() -> None:
    parser = argparse.ArgumentParser(description="Maximum likelihood on the problems of the PEtab collection.")
    parser.add_argument("--collection", type=Path, help="the folder Benchmark-Models of the collection")
    parser.add_argument("--parts", default="collection,fits,coverage", help="which tables, comma-separated")
    parser.add_argument("--seeds", type=int, default=20, help="recordings of the table of coverage")
    parser.add_argument("--limit", type=float, default=120, help="seconds for a problem in the table of all")
    parser.add_argument("--runs", type=Path, help="folder of the runs; finished starts in it are not repeated")
    options = parser.parse_args()
    parts = options.parts.split(",")
    if options.collection is None and parts != ["coverage"]:
        parser.error(f"--parts {options.parts} needs --collection; only coverage does without.")
    if "collection" in parts:
        collection(options.collection, options.limit)
    with tempfile.TemporaryDirectory() as folder:
        runs = options.runs or Path(folder)
        if "fits" in parts:
            fits(options.collection, runs)
        if "coverage" in parts:
            coverage(options.seeds, runs)


# ---- which problems can be read ----
def collection(folder: Path, limit: float) -> None:
    rows = [row_in_time(one, limit) for one in sorted(path for path in folder.iterdir() if path.is_dir())]
    read = [row for row in rows if row["nll at the nominal values"] != ""]
    refused: dict[str, int] = {}
    for row in rows:
        if row[REFUSED]:
            refused[row[REFUSED]] = refused.get(row[REFUSED], 0) + 1
    counted = ", ".join(f"{name}: {n}" for name, n in sorted(refused.items())) or "none"
    note = (
        f"{len(read)} of {len(rows)} problems are read and simulated at the nominal values of their tables. Not read: "
        f"{counted}. Nominal values are those of the file, which need not be a fit: some problems are there to be "
        "simulated. Seconds: of one evaluation of the likelihood, without sensitivities."
    )
    publish("petab_collection", "Problems of the PEtab collection", rows, packages=PACKAGES, note=note)


def row_in_time(folder: Path, limit: float) -> dict[str, Any]:
    """In a process of its own, which is ended after `limit` seconds."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        try:
            return pool.apply_async(row_of, [folder]).get(limit)
        except multiprocessing.TimeoutError:
            return {"problem": folder.name, **dict.fromkeys(FIELDS, ""), REFUSED: f"not done in {limit:g} seconds"}


def row_of(folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"problem": folder.name}
    empty = dict.fromkeys((*FIELDS, REFUSED), "")
    place = next((one for one in (folder / f"{folder.name}.yaml", folder / "problem.yaml") if one.exists()), None)
    if place is None:
        return {**row, **empty, REFUSED: "no files in this copy"}
    try:
        problem = ProblemFiles.read(place).problem()
        likelihood = Likelihood(problem)
        row |= {
            "states": len(problem.network.states),
            "reactions": len(problem.network.reactions),
            "conditions": likelihood.n_experiments,
            "estimated": len(problem.estimated),
            "measurements": len(problem.measurements),
        }
        point = likelihood.nominal()
        if point is None:
            return {**empty, **row, REFUSED: "a nominal value is missing"}
        likelihood(point, gradient=False)  # compiles
        began = time.perf_counter()
        found = likelihood(point, gradient=False)
        seconds = time.perf_counter() - began
        row |= {"nll at the nominal values": f"{found.nll:.4f}", "seconds": f"{seconds:.2g}"}
        return {**row, REFUSED: ""}
    except NotSupported as error:
        return {**row, **empty, REFUSED: error.feature, **row}
    except (ModelError, IntegrationFailed) as error:
        return {**empty, **row, REFUSED: " ".join(str(error).split())}


# ---- fits ----
def fits(folder: Path, runs: Path) -> None:
    rows = []
    for name, (published, n_starts) in PUBLISHED.items():
        own = runs / name
        metrics = trained(
            own,
            "simulation=petab",
            f"simulation.path={folder / name / f'{name}.yaml'}",
            f"training.n_starts={n_starts}",
            "training.max_iterations=150",
            f"training.profile={name not in WITHOUT_PROFILES}",
        )
        with (own / "parameters.csv").open(encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        inside = sum(holds(row) for row in table if row["nominal"])
        rows.append(
            {
                "problem": name,
                "published nll": f"{published:.4f}",
                "our nll": f"{metrics['nll']:.4f}",
                "chi2": f"{metrics['chi2']:.1f}",
                "measurements": int(metrics["n_measurements"]),
                "parameters": int(metrics["n_parameters"]),
                "with a closed interval": "" if name in WITHOUT_PROFILES else int(metrics["parameters_determined"]),
                "published value inside": "" if name in WITHOUT_PROFILES else inside,
                "starts at the best": f"{metrics['starts_at_best']:.0f} of {metrics['n_starts']:.0f}",
            }
        )
    note = (
        "nll: negative log likelihood, as PEtab defines it; the published one is that of the collection's own "
        "simulated data. Starts: Sobol points over the bounds; no nominal value is seen. Intervals: profile "
        "likelihoods, 95 %; not computed for Crauste, whose best minimum is a narrow ridge."
    )
    publish("petab", "Maximum likelihood on real data", rows, packages=PACKAGES, note=note)


def holds(row: dict[str, str]) -> bool:
    """Whether the interval of a row of parameters.csv holds the nominal value; an open side reaches the bound."""
    low, high, value = float(row["low_95"] or "-inf"), float(row["high_95"] or "inf"), float(row["nominal"])
    return low <= value <= high


# ---- coverage ----
def coverage(seeds: int, runs: Path) -> None:
    rows = []
    for known in (True, False):
        found = trained_on_seeds(
            runs / f"cascade_{known}",
            range(seeds),
            "simulation=sbml",
            f"simulation.path={EXAMPLE}",
            "simulation.end_time=40",
            f"simulation.estimate={ESTIMATED}",
            f"simulation.noise_is_known={known}",
            "training.n_starts=3",
        )
        parameters = int(found[0]["n_parameters"])
        share = np.array([one["parameters_coverage_95"] for one in found])
        error = share.std(ddof=1) / seeds**0.5 if seeds > 1 else float("nan")
        rows.append(
            {
                "noise": "known" if known else "estimated",
                "recordings": seeds,
                "parameters": parameters,
                "95 % intervals hold": f"{share.mean():.1%} +- {error:.1%} of {seeds * parameters}",
                "closed intervals": f"{np.mean([one['parameters_determined'] for one in found]) / parameters:.0%}",
                "R2 of log10 of the parameters": f"{np.mean([one['parameters_R2'] for one in found]):.4f}",
            }
        )
    note = (
        "Measurements simulated from examples/petab/cascade.xml: four species, 20 times, noise of 5 % of the standard "
        "deviation of each species; the stimulus is known. Of these measurements the parameters are estimated again, "
        "from three starts that see no true value; an interval is a profile likelihood. noise estimated: the standard "
        "deviation of every species is a parameter too. Share that holds the truth, +- its standard error over "
        "recordings."
    )
    publish("sbml_coverage", "How often profile intervals hold the true values", rows, packages=PACKAGES, note=note)


def trained_on_seeds(folder: Path, seeds: range, *overrides: str) -> list[dict[str, float]]:
    """metrics.json of a run per seed, all in one process; those that are there are not run again."""
    places = {seed: folder / str(seed) / "metrics.json" for seed in seeds}
    left = [str(seed) for seed, place in places.items() if not place.exists()]
    if left:
        command = [sys.executable, str(ROOT / "train.py"), "-m", *overrides, "logger=none", "callbacks.figures=false"]
        command += [f"seed={','.join(left)}", f"hydra.sweep.dir={folder}", "hydra.sweep.subdir=${seed}"]
        subprocess.run([*command, f"paths.datasets={folder / 'data'}"], check=True, cwd=ROOT)
    return [json.loads(place.read_text(encoding="utf-8")) for place in places.values()]


def trained(folder: Path, *overrides: str) -> dict[str, float]:
    """metrics.json of a run; one that is there is not run again."""
    place = folder / "metrics.json"
    if not place.exists():
        command = [sys.executable, str(ROOT / "train.py"), *overrides, "logger=none", "callbacks.figures=false"]
        command += [f"hydra.run.dir={folder}", f"paths.datasets={folder / 'data'}"]
        subprocess.run(command, check=True, cwd=ROOT)
    return json.loads(place.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
