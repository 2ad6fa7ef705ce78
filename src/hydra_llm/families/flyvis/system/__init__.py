"""The connectome-constrained network of the fly's visual system (Lappalainen et al. 2024)."""

from hydra_llm.systems.flyvis.build import flyvis_system
from hydra_llm.systems.flyvis.system import FlyvisSystem
from hydra_llm.systems.flyvis.voltage_field import VoltageField

__all__ = ["FlyvisSystem", "VoltageField", "flyvis_system"]
