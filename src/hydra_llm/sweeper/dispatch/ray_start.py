"""Ray is started once, by the main thread, before there are any launches.

Hydra's Ray launcher starts it in the first launch(), which here is a thread of its own. Two slots would start it twice,
and Ray ends with the thread that started it. A launcher that finds Ray running uses it as it is.
"""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf


def start_ray(config: DictConfig) -> None:
    """With the options `hydra.launcher.ray.init` of ray.init; an address among them joins a cluster that runs."""
    import ray  # pyright: ignore[reportMissingImports]

    if not ray.is_initialized():
        options: Any = OmegaConf.to_container(config.hydra.launcher.ray.init, resolve=True)
        ray.init(**options)
