"""A Hydra application of four keys, best at lr=0.01, noise=0, act=tanh."""

from dataclasses import dataclass

import hydra
from hydra.core.config_store import ConfigStore


@dataclass
class Config:
    lr: float = 0.1
    noise: float = 1.0
    act: str = "relu"
    seed: int = 0


ConfigStore.instance().store(name="config", node=Config)


@hydra.main(version_base=None, config_name="config")
def main(cfg: Config) -> dict[str, float]:
    return {"score": -abs(cfg.noise) - (cfg.act == "relu") - 10 * abs(cfg.lr - 0.01)}


if __name__ == "__main__":
    main()
