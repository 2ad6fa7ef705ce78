"""Random rate networks: the signal family.

    _target_: hydra_llm.families.signal.signal_system

Both names load on first use, so that composing a configuration imports no torch.
"""

from typing import Any

__all__ = ["FAMILY", "signal_system"]


def __getattr__(name: str) -> Any:
    if name == "FAMILY":
        from hydra_llm.families.signal.family import FAMILY

        return FAMILY
    if name == "signal_system":
        from hydra_llm.families.signal.system.build import signal_system

        return signal_system
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
