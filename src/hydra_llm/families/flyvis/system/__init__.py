"""The connectome-constrained network of the fly's visual system (Lappalainen et al. 2024)."""

from hydra_llm.families.flyvis.system.build import flyvis_system
from hydra_llm.families.flyvis.system.system import FlyvisSystem
from hydra_llm.families.flyvis.system.voltage_field import VoltageField

__all__ = ["FlyvisSystem", "VoltageField", "flyvis_system"]
