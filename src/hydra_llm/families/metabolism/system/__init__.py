"""Reaction networks with homeostasis (the metabolism family)."""

from hydra_llm.systems.metabolism.build import metabolism_system
from hydra_llm.systems.metabolism.network import ReactionNetwork
from hydra_llm.systems.metabolism.reaction_field import ReactionField
from hydra_llm.systems.metabolism.system import MetabolismSystem

__all__ = ["MetabolismSystem", "ReactionField", "ReactionNetwork", "metabolism_system"]
