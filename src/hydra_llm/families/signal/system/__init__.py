"""Random rate networks (the signal family)."""

from hydra_llm.families.signal.system.build import signal_system
from hydra_llm.families.signal.system.rate_field import RateField, recorded_part
from hydra_llm.families.signal.system.system import SignalSystem

__all__ = ["RateField", "SignalSystem", "recorded_part", "signal_system"]
