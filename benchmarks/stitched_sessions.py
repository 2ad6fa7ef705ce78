"""Weights over the units of sessions that each show some of them, beside what every session tells alone.

python benchmarks/stitched_sessions.py                       # two kinds of recording, three seeds
python benchmarks/stitched_sessions.py --noises 0.05 --seeds 0
python benchmarks/stitched_sessions.py --table               # rebuild the page

Both functions are given, so that the weights alone are judged. Every run is stored in results/stitched_sessions.jsonl
as soon as it ends and is not repeated.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from _rate_network import DELTA_T, Network
from _report import RESULTS, publish
from _stored import store, stored

from hydra_llm.families.signal.fitting.given_functions import TOLD
from hydra_llm.families.signal.fitting.sessions import Sessions, SessionStretch
from hydra_llm.families.signal.fitting.spline_law import Curve
from hydra_llm.families.signal.fitting.stitching import Stitching, determined

STORE = RESULTS / "stitched_sessions.jsonl"
SESSIONS, SHOWN = 3, 0.7


@dataclass(frozen=True)
class Case:
    """frames: of every session; noise: process noise per frame."""

    n_units: int
    n_frames: int
    noise: float
    seed: int


def measured(case: Case) -> dict[str, Any]:
    began = time.perf_counter()
    W, states = Network(case.n_units, SESSIONS * case.n_frames, case.noise, 0.0, None, case.seed).recorded()
    whole, shown = (_sessions(case, states, visible) for visible in (_everybody(case), _some(case)))
    every = torch.from_numpy(states)
    stitching = Stitching(Curve.of(torch.tanh, every), Curve.of(torch.neg, every))
    state = stitching.settled(stitching.start(shown))
    drawn = stitching.drawn(state, torch.Generator().manual_seed(case.seed))
    off = ~np.eye(case.n_units, dtype=bool)
    told = determined(drawn, state.prior, shown.together).numpy() & off
    z = np.abs(drawn.W.numpy() - W)[told] / drawn.variance.sqrt().numpy()[told]
    alone = [own.numpy() for own in stitching.alone(shown).values()]
    ceiling = stitching.settled(stitching.start(whole)).law.W.numpy()
    return {
        "stitched": _r2(drawn.W.numpy(), W, off),
        "averaged": _r2(stitching.start(shown).law.W.numpy(), W, off),
        "alone_union": max(_r2(np.nan_to_num(own), W, off) for own in alone),
        "alone_own": max(_r2(own, W, off & np.isfinite(own)) for own in alone),
        "ceiling": _r2(ceiling, W, off),
        "determined": float(told.sum() / off.sum()),
        "z2": float((z**2).mean()),
        "coverage_95": float((z < 1.96).mean()),
        "hidden_share": drawn.hidden_share,
        "rounds": state.rounds,
        "seconds": round(time.perf_counter() - began),
    }


def _everybody(case: Case) -> torch.Tensor:
    return torch.ones(SESSIONS, case.n_units, dtype=torch.bool)


def _some(case: Case) -> torch.Tensor:
    """Every session lacks others, so that every pair is together in one of them."""
    visible, n_hidden = _everybody(case), round((1 - SHOWN) * case.n_units)
    order = np.random.default_rng(case.seed).permutation(case.n_units)
    for session in range(SESSIONS):
        visible[session, order[session * n_hidden : (session + 1) * n_hidden]] = False
    return visible


def _sessions(case: Case, states: np.ndarray, visible: torch.Tensor) -> Sessions:
    parts = torch.from_numpy(states).split(case.n_frames)
    stretches = tuple(SessionStretch(k, part * visible[k], visible[k]) for k, part in enumerate(parts))
    return Sessions(stretches, visible, DELTA_T)


def _r2(found: np.ndarray, true: np.ndarray, counted: np.ndarray) -> float:
    w, known = found[counted], true[counted]
    return 1 - float(((w - known) ** 2).sum() / ((known - known.mean()) ** 2).sum())


# ---- running and reporting ----


def main() -> None:
    options = _options()
    if not options.table:
        torch.set_num_threads(1)
        done = {(row["n_units"], row["n_frames"], row["noise"], row["seed"]) for row in stored(STORE)}
        for case in _cases(options):
            if (case.n_units, case.n_frames, case.noise, case.seed) in done:
                continue
            row = {**asdict(case), **measured(case), "told": TOLD}
            store(STORE, row)
            print(row, flush=True)
    _page()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Sessions that show different units.")
    parser.add_argument("--units", type=int, default=50)
    parser.add_argument("--frames", type=int, default=5000, help="of every session")
    parser.add_argument("--noises", default="0.05,0.0", help="process noise per frame")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--table", action="store_true", help="run nothing, rebuild the page")
    return parser.parse_args()


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    for noise in map(float, options.noises.split(",")):
        for seed in map(int, options.seeds.split(",")):
            yield Case(options.units, options.frames, noise, seed)


def _page() -> None:
    rows = sorted(stored(STORE), key=lambda row: (row["n_units"], -row["noise"], row["seed"]))
    publish(
        "stitched_sessions",
        "Sessions that show different units",
        [
            {
                "units": row["n_units"],
                "frames per session": row["n_frames"],
                "process noise": row["noise"],
                "seed": row["seed"],
                "put together": f"{row['stitched']:.3f}",
                "all units recorded": f"{row['ceiling']:.3f}",
                "mean of sessions": f"{row['averaged']:.3f}",
                "best session, union": f"{row['alone_union']:.3f}",
                "best session, own pairs": f"{row['alone_own']:.3f}",
                "determined": f"{row['determined']:.0%}",
                "95 % hold": f"{row['coverage_95']:.1%}",
                "mean z2": f"{row['z2']:.2f}",
                "rounds": row["rounds"],
                "s": row["seconds"],
            }
            for row in rows
        ],
        packages=("torch", "numpy", "scipy"),
        note=NOTE,
    )


NOTE = (
    "R2 of W to the identity line. Three sessions of one network each show 70 % of the units, and every pair is "
    "together in one of them. Both functions are given; half of the synapses exist, and none is known. Put together: "
    "hidden units completed by the law that other sessions tell. All units recorded: the same frames with nobody "
    "hidden, which no method can beat. Mean of sessions: what each session tells alone, hidden units silent, averaged. "
    "Best session: the largest R2 of a session alone, over all units (0 where it does not show both) and over its own "
    "pairs. 95 % hold: of the weights that are determined."
)


if __name__ == "__main__":
    sys.exit(main())
