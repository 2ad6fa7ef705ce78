"""One run: simulate, fit, evaluate. `train.py` of a checkout, `hydra-llm-train` and `python -m hydra_llm.train`."""

import os

import hydra
from omegaconf import DictConfig

from hydra_llm.bootstrap import friendly_errors, register
from hydra_llm.packaged import packaged_folder, places

register()


@hydra.main(version_base="1.3", config_path=str(packaged_folder(places("conf"), "config.yaml")), config_name="config")
def main(cfg: DictConfig) -> dict[str, float] | float:
    from hydra_llm.experiment import run  # torch loads here, so that --help does not wait for it

    return run(cfg)


def command() -> None:
    """The entry point: errors that we know are one sentence."""
    # Threads of torch that wait for each other keep their cores busy by default. Where another process wants these
    # cores, thousands of small operations then take ten times as long; it is read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with friendly_errors(main):
        main()


if __name__ == "__main__":
    command()
