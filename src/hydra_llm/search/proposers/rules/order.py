"""Which rule speaks first in which role. The first whose condition holds and that finds something new fills the slot.

Conflicts between the source protocols are settled here: a probe comes before explore, once in a block;
recombination needs tree distance or two changes that helped; switch-dimension carries the rule that one protocol calls
forced-branch.
"""

from __future__ import annotations

from hydra_llm.search.proposers.rules.baseline import Baseline, RepeatBaseline
from hydra_llm.search.proposers.rules.boundary_skip import BoundarySkip
from hydra_llm.search.proposers.rules.changes_that_helped import ChangesThatHelped
from hydra_llm.search.proposers.rules.degeneracy import BreakDegeneracy
from hydra_llm.search.proposers.rules.diverse_start import DiverseStart
from hydra_llm.search.proposers.rules.edge import EdgeOfARange
from hydra_llm.search.proposers.rules.exploit import Exploit
from hydra_llm.search.proposers.rules.explore import Explore
from hydra_llm.search.proposers.rules.failure_probe import FailureProbe
from hydra_llm.search.proposers.rules.force_branch import ForceBranch, ForcedDiversity
from hydra_llm.search.proposers.rules.new_parameter import NeverMoved, NewParameter
from hydra_llm.search.proposers.rules.open_contest import OpenContest
from hydra_llm.search.proposers.rules.random_restart import RandomRestart
from hydra_llm.search.proposers.rules.recombine import Recombine
from hydra_llm.search.proposers.rules.replicate import Replicate
from hydra_llm.search.proposers.rules.robustness import RobustnessTest
from hydra_llm.search.proposers.rules.scale_up import ScaleUp
from hydra_llm.search.proposers.rules.strategy import Strategy
from hydra_llm.search.proposers.rules.switch_dimension import SwitchDimension
from hydra_llm.search.proposers.rules.triggered import Focus
from hydra_llm.search.proposers.rules.variance_aware import VarianceAware

_FALLBACK: tuple[Strategy, ...] = (Exploit(), RandomRestart())

# the order of the protocols' strategy tables, in their words (tests/search/proposers/rules/test_rule_order.py)
STATED: tuple[Strategy, ...] = (
    RobustnessTest(),
    OpenContest(),
    FailureProbe(),
    Focus(),
    BreakDegeneracy(),
    ChangesThatHelped(),
    Explore(),
    NewParameter(),
    BoundarySkip(),
    ScaleUp(),
    SwitchDimension(),
    ForcedDiversity(),
    NeverMoved(),
    ForceBranch(),
    Recombine(),
    EdgeOfARange(),
    VarianceAware(),
)


def _of(*kinds: type[Strategy]) -> tuple[Strategy, ...]:
    """Some of them, in their order, between the baseline and what is asked last."""
    return (Baseline(), *(strategy for strategy in STATED if type(strategy) in kinds), *_FALLBACK)


ORDER: dict[str, tuple[Strategy, ...]] = {
    "baseline": (Baseline(), RepeatBaseline(), *_FALLBACK),
    "diverse": (DiverseStart(), *_FALLBACK),
    "free": (Baseline(), *STATED, *_FALLBACK),
    "exploit": _of(Focus, ChangesThatHelped, ScaleUp, SwitchDimension, Recombine, EdgeOfARange, VarianceAware),
    "replicate": (Baseline(), Replicate(), RobustnessTest(), *_FALLBACK),
    "explore": _of(ForcedDiversity, NeverMoved, ForceBranch),
    "principle-test": _of(FailureProbe, BreakDegeneracy, BoundarySkip),
}
ALWAYS: dict[str, Strategy] = {"explore": Explore()}  # asked after the others of the role, whatever the streak
