"""Random rate networks: the signal family.

    _target_: hydra_llm.families.signal.signal_system

Both names load on first use.
"""

from hydra_llm.families.lazy import lazily

__all__ = ["FAMILY", "signal_system"]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazily(__name__, {"FAMILY": "family", "signal_system": "system.build"})
