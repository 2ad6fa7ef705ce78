"""Reaction networks from files: PEtab problems with real data, and recordings simulated from SBML models.

    _target_: hydra_llm.families.reactions.petab_problem
    _target_: hydra_llm.families.reactions.sbml_recording

All names load on first use.
"""

from hydra_llm.families.lazy import lazily

__all__ = ["FAMILY", "petab_problem", "sbml_recording"]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazily(
    __name__, {"FAMILY": "family", "petab_problem": "system.measured", "sbml_recording": "system.simulated"}
)
