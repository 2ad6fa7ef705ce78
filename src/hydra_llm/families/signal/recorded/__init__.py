"""A recording that a user brings, fitted as a rate network whose truth nobody knows.

    _target_: hydra_llm.families.signal.recorded.recorded_network

Both names load on first use.
"""

from hydra_llm.families.lazy import lazily

__all__ = ["FAMILY", "recorded_network"]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazily(__name__, {"FAMILY": "family", "recorded_network": "system"})
