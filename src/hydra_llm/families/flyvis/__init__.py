"""The connectome of the fly's visual system: the flyvis family.

    _target_: hydra_llm.families.flyvis.flyvis_system

Both names load on first use, so that composing a configuration imports no torch.
"""

from typing import Any

__all__ = ["FAMILY", "flyvis_system"]


def __getattr__(name: str) -> Any:
    if name == "FAMILY":
        from hydra_llm.families.flyvis.family import FAMILY

        return FAMILY
    if name == "flyvis_system":
        from hydra_llm.families.flyvis.system.build import flyvis_system

        return flyvis_system
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
