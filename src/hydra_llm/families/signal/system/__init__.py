"""Random rate networks (the signal family)."""

from hydra_llm.systems.signal.build import signal_system
from hydra_llm.systems.signal.rate_field import RateField
from hydra_llm.systems.signal.system import SignalSystem

__all__ = ["RateField", "SignalSystem", "signal_system"]
