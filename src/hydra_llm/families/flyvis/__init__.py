"""The connectome of the fly's visual system: the flyvis family.

    _target_: hydra_llm.families.flyvis.flyvis_system

Both names load on first use.
"""

from hydra_llm.families.lazy import lazily

__all__ = ["FAMILY", "flyvis_system"]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazily(__name__, {"FAMILY": "family", "flyvis_system": "system.build"})
