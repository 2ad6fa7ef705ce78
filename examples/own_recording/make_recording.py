"""Makes a recording to try `simulation=recording` with: a rate network with noise, and the weights behind it.

    python examples/own_recording/make_recording.py activity.npz
    python examples/own_recording/make_recording.py activity.csv --measurement-noise 0.02 --seed 1

Needs numpy alone (an .h5 file: h5py). Nothing of hydra-llm is used, as nothing of it would be in your laboratory.

    du_i = (-u_i + g sum_j W_ij tanh(u_j)) dt + sigma dB_i,   W_ij ~ N(0, 1 / n), no self-connections
"""

import argparse
from pathlib import Path

import numpy as np

GAIN, DELTA_T, SUBSTEPS, BURN_IN = 8.0, 0.02, 4, 500


def simulate(n_units: int, n_frames: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """activity [frame, unit] and the weights g W [target, source]; noise: standard deviation added per frame."""
    generator = np.random.default_rng(seed)
    W = GAIN * generator.standard_normal((n_units, n_units)) / n_units**0.5
    np.fill_diagonal(W, 0.0)
    u, dt = generator.standard_normal(n_units), DELTA_T / SUBSTEPS
    activity = np.empty((n_frames, n_units))
    for frame in range(-BURN_IN, n_frames):
        if frame >= 0:
            activity[frame] = u
        for _ in range(SUBSTEPS):
            kick = noise / SUBSTEPS**0.5 * generator.standard_normal(n_units)
            u = u + dt * (-u + W @ np.tanh(u)) + kick
    return activity, W


def write(path: Path, activity: np.ndarray, time: np.ndarray) -> None:
    names = [f"cell_{k}" for k in range(activity.shape[1])]
    if path.suffix == ".npz":
        np.savez(path, activity=activity, time=time, unit_names=np.array(names))
    elif path.suffix == ".csv":
        rows = np.column_stack([time, activity])
        np.savetxt(path, rows, delimiter=",", header=",".join(["time", *names]), comments="", fmt="%.10g")
    elif path.suffix == ".h5":
        import h5py

        with h5py.File(path, "w") as file:
            file["activity"], file["time"] = activity, time
            file["activity"].attrs["unit"] = "Hz"
    else:
        raise SystemExit(f"{path} must end in .npz, .csv or .h5.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a recording of a rate network.")
    parser.add_argument("path", type=Path, help="activity.npz, .csv or .h5")
    parser.add_argument("--units", type=int, default=30)
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--noise", type=float, default=0.05, help="process noise per frame")
    parser.add_argument("--measurement-noise", type=float, default=0.0, help="added to every recorded value")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    activity, W = simulate(options.units, options.frames, options.noise, options.seed)
    shaken = np.random.default_rng(options.seed + 1).standard_normal(activity.shape)
    write(options.path, activity + options.measurement_noise * shaken, DELTA_T * np.arange(len(activity)))
    truth = options.path.with_name(f"{options.path.stem}_truth.npy")
    np.save(truth, W)
    print(f"Wrote {options.path} ({options.frames} frames of {options.units} units) and the weights to {truth}.")


if __name__ == "__main__":
    main()
