"""Metabolic reaction networks: the metabolism family.

    _target_: hydra_llm.families.metabolism.metabolism_system

Both names load on first use, so that composing a configuration imports no torch.
"""

from typing import Any

__all__ = ["FAMILY", "metabolism_system"]


def __getattr__(name: str) -> Any:
    if name == "FAMILY":
        from hydra_llm.families.metabolism.family import FAMILY

        return FAMILY
    if name == "metabolism_system":
        from hydra_llm.families.metabolism.system.build import metabolism_system

        return metabolism_system
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
