"""hydra-llm: recover known mechanisms with graph neural networks, and search over such experiments in closed loop.

The names that extensions and scripts build with (docs/extending.md). Each is imported when it is first used, so that
importing the package stays free: Hydra imports it in every application of the environment.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers; a test holds these equal to _PLACES
    from hydra_llm import job
    from hydra_llm.families.family import Evaluation, Evaluator, Family, OracleReport
    from hydra_llm.families.fitting import Fit, FitContext
    from hydra_llm.llm.base import Answer, Client, Request
    from hydra_llm.llm.errors import LlmError, Unavailable
    from hydra_llm.llm.json_extraction import answer_from_text
    from hydra_llm.llm.settings import LlmSettings
    from hydra_llm.report.page import write_report
    from hydra_llm.search.context import Context, Slot
    from hydra_llm.search.log.reader import Sweep, read_sweep
    from hydra_llm.search.proposers.base import Proposer, ProposerError, mutate
    from hydra_llm.search.proposers.decision import Decision
    from hydra_llm.search.pruning.base import Limit, PruningRule
    from hydra_llm.search.selection.base import SelectionPolicy
    from hydra_llm.search.space.space import Categorical, Float, Integer, Space
    from hydra_llm.search.study import Study
    from hydra_llm.search.tree.arms import Arms
    from hydra_llm.search.trial.objective import Objective
    from hydra_llm.search.trial.objectives import Objectives
    from hydra_llm.search.trial.outcome import Outcome, TrialState
    from hydra_llm.search.trial.trial import Proposal, Trial
    from hydra_llm.systems.base import System
    from hydra_llm.training.phases.base import Phase

_PLACES = {
    "families.family": ("Evaluation", "Evaluator", "Family", "OracleReport"),
    "families.fitting": ("Fit", "FitContext"),
    "llm.base": ("Answer", "Client", "Request"),
    "llm.errors": ("LlmError", "Unavailable"),
    "llm.json_extraction": ("answer_from_text",),
    "llm.settings": ("LlmSettings",),
    "report.page": ("write_report",),
    "search.context": ("Context", "Slot"),
    "search.log.reader": ("Sweep", "read_sweep"),
    "search.proposers.base": ("Proposer", "ProposerError", "mutate"),
    "search.proposers.decision": ("Decision",),
    "search.pruning.base": ("Limit", "PruningRule"),
    "search.selection.base": ("SelectionPolicy",),
    "search.space.space": ("Categorical", "Float", "Integer", "Space"),
    "search.study": ("Study",),
    "search.tree.arms": ("Arms",),
    "search.trial.objective": ("Objective",),
    "search.trial.objectives": ("Objectives",),
    "search.trial.outcome": ("Outcome", "TrialState"),
    "search.trial.trial": ("Proposal", "Trial"),
    "systems.base": ("System",),
    "training.phases.base": ("Phase",),
}
_MODULE_OF = {name: f"hydra_llm.{place}" for place, names in _PLACES.items() for name in names}

__all__ = ["job", *_MODULE_OF]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("hydra_llm.version").installed_version()
    if name == "job":
        return import_module("hydra_llm.job")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'hydra_llm' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
