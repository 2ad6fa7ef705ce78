"""Reaction networks with homeostasis (the metabolism family)."""

from hydra_llm.families.metabolism.system.build import metabolism_system
from hydra_llm.families.metabolism.system.network import ReactionNetwork
from hydra_llm.families.metabolism.system.reaction_field import ReactionField
from hydra_llm.families.metabolism.system.system import MetabolismSystem

__all__ = ["MetabolismSystem", "ReactionField", "ReactionNetwork", "metabolism_system"]
