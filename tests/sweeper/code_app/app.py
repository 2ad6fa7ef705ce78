"""A task whose score is computed by a file of code that a sweep may change."""

import hydra

from hydra_llm.code.source import Source


@hydra.main(version_base="1.3", config_path=".", config_name="config")
def main(cfg):
    score = Source.parse(cfg.score).module().Score()
    value = score.value(cfg.x)
    if cfg.elsewhere and value > 1.5:
        raise RuntimeError("the disk is full")
    return {"score": value}


if __name__ == "__main__":
    main()
