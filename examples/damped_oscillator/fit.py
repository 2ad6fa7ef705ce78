"""Fits a damped oscillation, x(t) = A exp(-gamma t) cos(omega t + phi), to a noisy recording by gradient descent.

The later half of the recording is held out. The loss has a local minimum per half cycle that omega is off, so the
settings matter: how fast to descend, with how much momentum, and how much of the recording to look at in the beginning.
"""

import hydra
import numpy as np
from omegaconf import DictConfig

from hydra_llm import job

TRUTH = np.array([1.0, 0.05, 2.0, 0.4])  # A, gamma [1/s], omega [rad/s], phi [rad]
START = np.array([0.7, 0.1, 1.6, 0.0])
DURATION = 40.0  # s
N_SAMPLES = 400
NOISE = 0.05


def displacement(parameters: np.ndarray, t: np.ndarray) -> np.ndarray:
    amplitude, gamma, omega, phi = parameters
    return amplitude * np.exp(-gamma * t) * np.cos(omega * t + phi)


def gradient(parameters: np.ndarray, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Of half the mean squared error, by A, gamma, omega, phi."""
    amplitude, gamma, omega, phi = parameters
    envelope = np.exp(-gamma * t)
    cosine, sine = envelope * np.cos(omega * t + phi), envelope * np.sin(omega * t + phi)
    residual = amplitude * cosine - x
    partials = np.stack([cosine, -t * amplitude * cosine, -t * amplitude * sine, -amplitude * sine])
    return partials @ residual / len(t)


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> dict[str, float]:
    t = np.linspace(0.0, DURATION, N_SAMPLES)
    x = displacement(TRUTH, t) + NOISE * np.random.default_rng(cfg.seed).standard_normal(N_SAMPLES)
    fitted, held_out = slice(0, N_SAMPLES // 2), slice(N_SAMPLES // 2, None)

    parameters, velocity, momentum = START.copy(), np.zeros(4), cfg.optimizer.get("momentum", 0.0)
    rmse = float("nan")
    for epoch in range(1, cfg.n_epochs + 1):
        seen = int(min(1.0, cfg.window + epoch / cfg.n_epochs) * len(t[fitted]))  # the window grows to all of it
        for _ in range(cfg.steps_per_epoch):
            slope = gradient(parameters, t[:seen], x[:seen])
            velocity = momentum * velocity - cfg.optimizer.learning_rate * slope
            parameters = parameters + velocity
        rmse = float(np.sqrt(np.mean((displacement(parameters, t[held_out]) - x[held_out]) ** 2)))
        job.report(epoch, rmse)
        if job.should_stop():
            break
    return {"rmse": rmse, "omega_error": abs(float(parameters[2] - TRUTH[2])), "n_epochs": epoch}


if __name__ == "__main__":
    main()
