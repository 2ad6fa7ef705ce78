"""A Hydra application of four keys, best at lr=0.01, noise=0, act=tanh."""

import os
import time
from dataclasses import dataclass

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig


@dataclass
class Config:
    lr: float = 0.1
    noise: float = 1.0
    act: str = "relu"
    seed: int = 0


ConfigStore.instance().store(name="config", node=Config)


@hydra.main(version_base=None, config_name="config")
def main(cfg: Config) -> dict[str, float]:
    number = str(HydraConfig.get().job.num)
    if number in os.environ.get("SLOW", "").split(","):  # the numbers of jobs that take long
        time.sleep(1.5)
    return {"score": -abs(cfg.noise) - (cfg.act == "relu") - 10 * abs(cfg.lr - 0.01)}


if __name__ == "__main__":
    main()
