"""How time, memory and recovery of the fly grow with the size of the eye: one run of train.py per extent.

    python benchmarks/flyvis_scale.py --extents 1,2,3
    python benchmarks/flyvis_scale.py --parameters best_chkpt --recipe recipe --frames 8000
    python benchmarks/flyvis_scale.py --parameters best_chkpt --extents 2 --frames 64000 --against 8000

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
PROCESSOR = "processor (s)"
FEWER, OF_FEWER = "fewer frames", "processor for fewer (s)"  # of a run right before
KEY = ("extent", "frames", "recipe", "parameters")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time, peak memory and recovery of the fly by extent.")
    parser.add_argument("--extents", default="1,2,3,5,8", help="comma-separated")
    parser.add_argument("--frames", type=int, default=1000, help="training frames; validation and test have 400")
    parser.add_argument("--recipe", default="known ODE", choices=tuple(RECIPES))
    parser.add_argument("--connectome", default=None, help="path of the connectome file")
    parser.add_argument("--parameters", default="varied", help="varied, default, or the path of a trained network")
    parser.add_argument("--against", type=int, help="also run this many frames, for what more of them cost")
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
    before = None if options.against is None else run(*overrides_of(size | {"frames": options.against}, options))
    eye = flyvis_system(**keys_of(size, options), seed=0, device="cpu")
    row = {**size, **measured(eye, run(*overrides_of(size, options)), fit_keys(size["recipe"]))}
    if before is not None:
        row |= {FEWER: options.against, OF_FEWER: before.processor}
    return row


def overrides_of(size: dict[str, Any], options: argparse.Namespace) -> list[str]:
    keys = [f"simulation.{name}={value}" for name, value in keys_of(size, options).items()]
    return ["simulation=flyvis_scenes", *keys, *RECIPES[size["recipe"]], "callbacks.figures=false"]


def keys_of(size: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    keys = {
        "extent": size["extent"],
        "n_frames": size["frames"],
        "n_frames_validation": 400,
        "n_frames_test": 400,
        "parameters": options.parameters,
    }
    if options.connectome is not None:
        keys["connectome"] = options.connectome
    return keys


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
        PROCESSOR: found.processor,
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
        text += [sentence for recipe in RECIPES if (sentence := extrapolation(rows, recipe))]
    return " ".join(text)


def extrapolation(rows: list[Row], recipe: str) -> str:
    """The published size, by what more frames cost at the largest eye that ran with as many and with fewer."""
    own = [row for row in rows if (row["recipe"], row["parameters"]) == (recipe, "trained")]
    long = [row for row in own if row["frames"] == PUBLISHED["frames"] and FEWER in row]
    if not long:
        return ""
    row = max(long, key=lambda row: row["extent"])
    large = [one for one in own if (one["extent"], one["frames"]) == (PUBLISHED["extent"], row[FEWER])]
    if not large:
        return ""
    more = row["frames"] - row[FEWER]
    each = (row[PROCESSOR] - row[OF_FEWER]) / (more * row["edges"])
    added, known = each * more * large[0]["edges"], large[0][TIMES]
    return (
        f"Extrapolated for {recipe}: {(known + added / 2) / 60:.0f} min of wall time if both cores share the work, "
        f"{(known + added) / 60:.0f} if one does it. At extent {row['extent']}, {row['frames']:,} frames took "
        f"{row[PROCESSOR]:.0f} s of processor time and {row[FEWER]:,} right before {row[OF_FEWER]:.0f} s, which is "
        f"{each:.1e} s for each further frame and edge; the same is added to the wall time of extent "
        f"{PUBLISHED['extent']} with {row[FEWER]:,} frames. Assumed: a frame costs in proportion to its edges (all "
        "rounds but two look at some 4,000 frames, whatever there are), and the disk is no limit, from which frames "
        f"are read at the published size (3.5 GB a field; those of extent {row['extent']} lie in memory). The oracle, "
        "which looks at no more than 9,213 frames there, is counted as if it looked at all."
    )


def exponent(rows: list[Row], name: str) -> float:
    """Slope of log(name) over log(neurons)."""
    x, y = ([math.log(row[column]) for row in rows] for column in ("neurons", name))
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


if __name__ == "__main__":
    main()
