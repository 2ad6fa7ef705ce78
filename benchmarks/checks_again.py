"""What two checks without a truth say of estimators that are right and of ones that are not, W being known.

python benchmarks/checks_again.py                    # four networks per row (some 5 minutes of a core)
python benchmarks/checks_again.py --seeds 0 --noises 0.05,0.02
"""

import argparse
from collections.abc import Iterator, Sequence
from statistics import mean
from typing import Any

import numpy as np
import torch
from _rate_network import DELTA_T, Network
from _report import publish
from coverage import ESTIMATORS, scores

from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise
from hydra_llm.families.signal.recorded.trust.again import Regressed, added_noise, every_second
from hydra_llm.families.signal.recorded.trust.verdict import FAILS, HOLDS, UNTOLD, TrustVerdict

UNITS, FRAMES = 50, 10_000
NOISES = ("0.05,0", "0.05,0.02", "0.05,0.1", "0,0.1", "0,0")
FINDINGS = (HOLDS, FAILS, UNTOLD)


def main() -> None:
    parser = argparse.ArgumentParser(description="Two checks without a truth, W being known.")
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")], default=[0, 1, 2, 3])
    parser.add_argument("--noises", nargs="*", default=NOISES, help="process and measurement noise, as 0.05,0.1")
    options = parser.parse_args()
    torch.set_num_threads(1)
    publish("checks_again", "Checks on a changed recording", list(_rows(options.noises, options.seeds)), note=NOTE)


def _rows(noises: Sequence[str], seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    for text in noises:
        process, measurement = (float(part) for part in text.split(","))
        found = [_checked(process, measurement, seed) for seed in seeds]
        for name in ESTIMATORS:
            own = [one[name] for one in found]
            more, fewer = [one[1] for one in own], [one[2] for one in own]
            yield {
                "process noise": process,
                "measurement noise": measurement,
                "estimator": name,
                "networks": len(seeds),
                "R2": _mean([one[0]["R2"] for one in own]),
                "slope": _mean([one[0]["slope"] for one in own]),
                "added noise": _counted(more),
                "bias it sees": _mean([one.scores["added_noise_bias"] for one in more if one.scores]),
                "every second frame": _counted(fewer),
                "size it sees": _mean([one.scores["every_second_size"] for one in fewer if one.scores]),
            }


def _checked(
    process: float, measurement: float, seed: int
) -> dict[str, tuple[dict[str, float], TrustVerdict, TrustVerdict]]:
    """By estimator: scores of W against the truth, and the verdicts."""
    W, activity = Network(UNITS, FRAMES, process, measurement, None, seed).recorded()
    recorded, judged = Recorded(torch.from_numpy(activity), None, DELTA_T), ~np.eye(len(W), dtype=bool)
    noise, found = ChannelNoise.of(recorded), {}
    for name, read in ESTIMATORS.items():
        own = Regressed.of(recorded, read, read(recorded), None)
        found[name] = scores(own.first, W, judged), added_noise(own, noise, seed), every_second(own)
        print(f"{process}, {measurement}, seed {seed}, {name}: {found[name][0]['R2']:.3f}", flush=True)
    return found


def _counted(verdicts: Sequence[TrustVerdict]) -> str:
    counts = {finding: sum(one.finding == finding for one in verdicts) for finding in FINDINGS}
    return ", ".join(f"{count} {finding}" for finding, count in counts.items() if count)


def _mean(values: Sequence[float]) -> str:
    return f"{mean(values):.3f}" if values else ""


NOTE = (
    f"Networks of {UNITS} units and {FRAMES:,} frames, both functions given; process: standard deviation of process "
    "noise per frame; measurement: of measurement noise, relative to that of the states. slope: of estimated against "
    "true weights. One step: forward differences, which measurement noise makes useless; smoothed: the recording is "
    "smoothed, then regressed; weak, corrected: what a run does under measurement noise. Added noise: weights with 1.5 "
    "and 2 times the variance of the measurement noise, extrapolated to none; bias: the share that the noise has taken "
    "of the weights. Every second frame: weights from half of the frames; size: theirs over those from all. Not told: "
    "nearly no measurement noise was found, or no weight is determined."
)

if __name__ == "__main__":
    main()
