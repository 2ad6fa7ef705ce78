"""A task that goes wrong in another way for every job number; see FAULTS."""

import os
import resource
import signal
import sys
import time
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

FAULTS = ("none", "raise", "nan", "exit", "kill", "sleep", "disk", "garbage")
QUOTA = 64 * 1024  # bytes


@hydra.main(version_base="1.3", config_path="conf", config_name="faults")
def main(cfg: DictConfig) -> float | None:
    fault = FAULTS[HydraConfig.get().job.num % len(FAULTS)]
    with Path(cfg.runs_file).open("a") as file:
        file.write(f"{HydraConfig.get().job.num} {fault}\n")
    if fault == "raise":
        raise RuntimeError("as it was told")
    if fault == "nan":
        return float("nan")
    if fault == "exit":
        os._exit(7)
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "sleep":
        time.sleep(3600)
    if fault == "disk":
        _fill(Path(HydraConfig.get().runtime.output_dir))
    if fault == "garbage":
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.write(stream.fileno(), b'\x00\xff\x1b[2J{"type": "told"}\n' * 50)
    return float(cfg.x)


def _fill(folder: Path) -> None:
    """No file of this process may grow beyond the quota from here on, as in a folder whose quota is used up."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (QUOTA, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    (folder / "large.bin").write_bytes(b"0" * (16 * QUOTA))


if __name__ == "__main__":
    main()
