"""A task that writes down what it sees of Hydra, before and after it slept: another job's view would show."""

import json
import logging
import os
import random
import time
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

log = logging.getLogger(__name__)


def seen() -> dict[str, Any]:
    conf = HydraConfig.get()
    return {
        "number": conf.job.num,
        "folder": conf.runtime.output_dir,
        "cwd": str(Path.cwd()),
        "devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "overrides": list(conf.overrides.task),
    }


@hydra.main(version_base="1.3", config_path="conf", config_name="witness")
def main(cfg: DictConfig) -> float:
    before, began = seen(), time.time()
    log.info("job with x=%r began", cfg.x)
    time.sleep(cfg.long if HydraConfig.get().job.num in cfg.long_jobs else cfg.short)
    log.info("job with x=%r ended", cfg.x)
    record = {"before": before, "after": seen(), "began": began, "ended": time.time(), "x": cfg.x, "pid": os.getpid()}
    record["draw"] = random.random()
    (Path(before["folder"]) / "witness.json").write_text(json.dumps(record))
    return float(cfg.x)


if __name__ == "__main__":
    main()
