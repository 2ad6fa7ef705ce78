"""A task whose score is computed by a file of code that a sweep may change."""

import time
from pathlib import Path

import hydra

from hydra_llm.code.source import Source


def wait_for_others(folder, revision, count=4, patience_s=120.0):
    """Until so many revisions run at the same time; raises TimeoutError where they never do."""
    (folder / revision).touch()
    end = time.monotonic() + patience_s
    while len(list(folder.iterdir())) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"{len(list(folder.iterdir()))} revisions run at the same time")
        time.sleep(0.05)


@hydra.main(version_base="1.3", config_path=".", config_name="config")
def main(cfg):
    score = Source.parse(cfg.score).module().Score()
    value = score.value(cfg.x)
    if cfg.elsewhere and value > 1.5:
        raise RuntimeError("the disk is full")
    if cfg.together and value > 1.5:
        wait_for_others(Path(cfg.together), cfg.score.rpartition("@")[2])
    return {"score": value}


if __name__ == "__main__":
    main()
