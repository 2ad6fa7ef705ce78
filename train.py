"""One run: simulate, fit, evaluate.

python train.py                              the default regime, under a minute on a laptop
python train.py simulation=signal_low_rank   another regime, with its own model, training and search
python train.py -m hydra/sweeper=llm_ucb     the closed loop: search over such runs
"""

import hydra
from omegaconf import DictConfig

from hydra_llm.bootstrap import friendly_errors, register

register()


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> dict[str, float] | float:
    from hydra_llm.experiment import run  # torch loads here, so that --help does not wait for it

    return run(cfg)


if __name__ == "__main__":
    with friendly_errors(main):
        main()
