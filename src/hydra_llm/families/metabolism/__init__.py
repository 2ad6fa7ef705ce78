"""Metabolic reaction networks: the metabolism family.

    _target_: hydra_llm.families.metabolism.metabolism_system

Both names load on first use.
"""

from hydra_llm.families.lazy import lazily

__all__ = ["FAMILY", "metabolism_system"]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazily(__name__, {"FAMILY": "family", "metabolism_system": "system.build"})
