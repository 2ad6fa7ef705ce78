"""How time, memory and recovery of the fly grow with the size of the eye: one run of train.py per extent.

    python benchmarks/flyvis_scale.py --extents 1,2,3
    python benchmarks/flyvis_scale.py --parameters best_chkpt --recipe recipe --frames 8000

A size is published as soon as it is done; a size that the result file holds already is not run again (--again does).
"""

import argparse
import json
import math
from typing import Any

from _report import RESULTS, ROOT, Row, publish
from _train import Run, run
from omegaconf import DictConfig, OmegaConf

from hydra_llm.families.flyvis.config import FlyvisTraining
from hydra_llm.families.flyvis.memory import peak_memory
from hydra_llm.families.flyvis.system import FlyvisSystem, flyvis_system

NAME = "flyvis_scale"
RECIPES = {"recipe": (), "known ODE": ("model=flyvis_known_ode", "training=flyvis_closed_form")}
PUBLISHED = {"extent": 8, "frames": 64_000}
SCORES = {"W": "connectivity_R2", "tau": "tau_R2", "V_rest": "V_rest_R2", "oracle W": "oracle_connectivity_R2"}
TIMES, MEMORY = "wall (s)", "peak memory (GB)"
KEY = ("extent", "frames", "recipe", "parameters")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time, peak memory and recovery of the fly by extent.")
    parser.add_argument("--extents", default="1,2,3,5,8", help="comma-separated")
    parser.add_argument("--frames", type=int, default=1000, help="training frames; validation and test have 400")
    parser.add_argument("--recipe", default="known ODE", choices=tuple(RECIPES))
    parser.add_argument("--connectome", default=None, help="path of the connectome file")
    parser.add_argument("--parameters", default="varied", help="varied, default, or the path of a trained network")
    parser.add_argument("--again", action="store_true", help="run sizes that the result file holds already")
    options = parser.parse_args()
    rows = stored()
    for extent in map(int, options.extents.split(",")):
        size = {"extent": extent, "frames": options.frames, "recipe": options.recipe, "parameters": kind(options)}
        there = [row for row in rows if all(row[name] == size[name] for name in KEY)]
        if there and not options.again:
            print(f"extent {extent} is in the result file; --again runs it once more")
            continue
        rows = [row for row in rows if row not in there] + [row_of(size, options)]
        rows.sort(key=lambda row: [str(row["recipe"]), str(row["parameters"]), row["frames"], row["extent"]])
        publish(NAME, "The fly by size", rows, packages=("torch", "lightning"), note=note(rows))


def stored() -> list[Row]:
    path = RESULTS / f"{NAME}.json"
    return json.loads(path.read_text())["rows"] if path.exists() else []


def kind(options: argparse.Namespace) -> str:
    return options.parameters if options.parameters in ("varied", "default") else "trained"


def row_of(size: dict[str, Any], options: argparse.Namespace) -> Row:
    keys = {
        "extent": size["extent"],
        "n_frames": size["frames"],
        "n_frames_validation": 400,
        "n_frames_test": 400,
        "parameters": options.parameters,
    }
    if options.connectome is not None:
        keys["connectome"] = options.connectome
    eye = flyvis_system(**keys, seed=0, device="cpu")
    overrides = [f"simulation.{name}={value}" for name, value in keys.items()]
    found = run("simulation=flyvis_scenes", *overrides, *RECIPES[size["recipe"]], "callbacks.figures=false")
    return {**size, **measured(eye, found, fit_keys(size["recipe"]))}


def fit_keys(recipe: str) -> DictConfig:
    """The keys of the fit that its memory depends on."""
    name = "flyvis" if recipe == "recipe" else "flyvis_closed_form"
    declared: Any = OmegaConf.load(ROOT / "conf" / "training" / f"{name}.yaml")
    wanted = {name: getattr(FlyvisTraining, name) for name in ("projection_iterations", "projection_frames")}
    return OmegaConf.create({name: declared.get(name, default) for name, default in wanted.items()})


def measured(eye: FlyvisSystem, found: Run, training: DictConfig) -> dict[str, Any]:
    scores = {title: f"{found.metrics[name]:.4f}" for title, name in SCORES.items() if name in found.metrics}
    return {
        "neurons": eye.n_units,
        "edges": eye.connectome.n_edges,
        **scores,
        "fit (min)": found.metrics["training_time_min"],
        TIMES: found.seconds,
        MEMORY: found.peak_gb,
        "estimated memory (GB)": peak_memory(eye, training) / 1e9,
    }


def note(rows: list[Row]) -> str:
    """What the columns are, the growth between the sizes, and what the published size would take by it."""
    text = [
        "simulation=flyvis_scenes, process noise 0.05, without figures, seed 0; validation and test have 400 frames. "
        "R2 to the identity line beside the ceiling of the oracle. wall: all in, with recording and oracle, on a "
        "machine that did other work too. peak memory: resident set of the process, with pages of files that the "
        "system could take back; estimated: what train.py says beforehand."
    ]
    for recipe, frames in sorted({(row["recipe"], row["frames"]) for row in rows}):
        own = [row for row in rows if (row["recipe"], row["frames"]) == (recipe, frames)]
        if len({row["neurons"] for row in own}) < 3:
            continue
        growth = {name: exponent(own, name) for name in (TIMES, MEMORY)}
        largest = max(own, key=lambda row: row["neurons"])
        text.append(
            f"{recipe}, {frames:,} frames: wall time grows as neurons^{growth[TIMES]:.2f}, peak memory as "
            f"neurons^{growth[MEMORY]:.2f} (least squares of the logarithms, start-up included: the exponent of the "
            f"time is too small for larger eyes). Largest size that ran: extent {largest['extent']}."
        )
    if not any(row["extent"] >= PUBLISHED["extent"] and row["frames"] >= PUBLISHED["frames"] for row in rows):
        text.append(
            f"The published size (extent {PUBLISHED['extent']}, {PUBLISHED['frames']:,} frames) did not run here; "
            "its recording and its regressions take time in proportion to edges and frames, its memory is estimated."
        )
    return " ".join(text)


def exponent(rows: list[Row], name: str) -> float:
    """Slope of log(name) over log(neurons)."""
    x, y = ([math.log(row[column]) for row in rows] for column in ("neurons", name))
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


if __name__ == "__main__":
    main()
