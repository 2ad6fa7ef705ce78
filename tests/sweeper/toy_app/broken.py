"""A task whose end cannot be shown, encoded or written: another way for every job number; see ENDS."""

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

ENDS = ("none", "bytes", "silent", "escape", "huge", "recursive", "interrupt")


class SilentError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@hydra.main(version_base="1.3", config_path="conf", config_name="faults")
def main(cfg: DictConfig) -> object:
    end = ENDS[HydraConfig.get().job.num % len(ENDS)]
    if end == "bytes":
        raise OSError(b"there is no file caf\xe9.npy".decode(errors="surrogateescape"))
    if end == "silent":
        raise SilentError
    if end == "escape":
        raise RuntimeError("\x1b[2J\x1b[31mred")
    if end == "huge":
        return 10**400
    if end == "recursive":
        result: dict[str, object] = {}
        result["self"] = result
        return result
    if end == "interrupt":
        raise KeyboardInterrupt
    return float(cfg.x)


if __name__ == "__main__":
    main()
