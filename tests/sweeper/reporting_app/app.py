"""A task that reports: its score grows with x and with the number of steps."""

import time

import hydra
from omegaconf import DictConfig

from hydra_llm import job


@hydra.main(version_base="1.3", config_path=".", config_name="config")
def main(cfg: DictConfig) -> dict[str, float]:
    score = 0.0
    for step in range(cfg.n_steps):
        time.sleep(cfg.pause)
        score = cfg.x * (step + 1)
        job.report(step, score)
        if job.should_stop():
            if cfg.raises:
                raise job.Stopped
            break
    return {"score": score, "n_steps": step + 1}


if __name__ == "__main__":
    main()
