"""A task without science: a noisy quadratic in a few parameters. Faults are switched on by `fault`."""

import logging
import os
import random
import signal
import sys
import time
from pathlib import Path

import hydra
from omegaconf import DictConfig

log = logging.getLogger(__name__)


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> object:
    log.info("this is a run with x=%g", cfg.x)
    try:
        time.sleep(cfg.sleep)
    except KeyboardInterrupt:
        if cfg.fault == "swallow":
            sys.exit(1)
        raise
    with Path(cfg.runs_file).open("a") as file:  # one line per execution: nothing may run twice
        file.write(f"{cfg.x:.10g} {cfg.n} {cfg.model.name} {cfg.seed}\n")
    if cfg.fault and cfg.fault != "swallow" and abs(cfg.x - cfg.fault_at) > cfg.fault_beyond:
        _fail(cfg.fault)
    noise = random.Random(cfg.seed).gauss(0.0, cfg.noise)
    value = 1.0 - (cfg.x - 0.3) ** 2 - 0.01 * (cfg.n - 5) ** 2 + cfg.model.bonus + noise
    return {"score": value, "sub": {"loss": 1.0 - value}, "x": cfg.x}


def _fail(fault: str) -> None:
    if fault == "raise":
        raise RuntimeError("x is too far away")
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "exit":
        sys.exit(3)
    if fault == "interrupt":
        raise KeyboardInterrupt
    raise ValueError(f"unknown fault {fault}")


if __name__ == "__main__":
    main()
