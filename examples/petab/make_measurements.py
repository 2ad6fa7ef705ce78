"""Makes the measurements of examples/petab: a kinase and its substrate after three doses of a stimulus, with noise.

    python examples/petab/make_measurements.py examples/petab/measurements.tsv --seed 0

Needs numpy and scipy alone; nothing of hydra-llm is used. The true values are those below.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

K_ACT, K_DEACT, K_CAT, K_M, K_PHOS = 0.5, 0.3, 0.8, 0.4, 0.15
SCALE_KP, SD_KP, SD_SP = 3.0, 0.05, 0.04  # a blot's units; noise of log10 Kp, and of Sp
DOSES = {"low": 0.1, "middle": 1.0, "high": 10.0}
TIMES = (0.5, 1, 2, 4, 7, 10, 15, 20, 30, 40)


def rates(time: float, x: np.ndarray, stimulus: float) -> list[float]:
    K, Kp, S, Sp = x
    on, off = K_ACT * stimulus * K, K_DEACT * Kp
    phosphorylation, dephosphorylation = K_CAT * Kp * S / (K_M + S), K_PHOS * Sp
    return [off - on, on - off, dephosphorylation - phosphorylation, phosphorylation - dephosphorylation]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measurements of a kinase and its substrate.")
    parser.add_argument("path", type=Path, help="the table to write")
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise")
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    lines = ["observableId\tsimulationConditionId\ttime\tmeasurement\tobservableParameters\tnoiseParameters"]
    for name, dose in DOSES.items():
        solved = solve_ivp(rates, (0, TIMES[-1]), (1, 0, 2, 0), "LSODA", TIMES, args=(dose,), rtol=1e-10, atol=1e-12)
        for time, Kp, Sp in zip(TIMES, solved.y[1], solved.y[3], strict=True):
            blot = SCALE_KP * Kp * 10 ** (SD_KP * generator.standard_normal())
            lines.append(f"kinase\t{name}\t{time:g}\t{blot:.6g}\tscale_Kp\tsd_Kp")
            lines.append(f"substrate\t{name}\t{time:g}\t{Sp + SD_SP * generator.standard_normal():.6g}\t\tsd_Sp")
    options.path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
