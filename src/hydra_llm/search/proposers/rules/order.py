"""Which rule speaks first in which role. The first whose condition holds and that finds something new fills the slot.

Conflicts between the source protocols are settled here: a probe comes before explore and never twice in a row;
recombination needs tree distance; switch-dimension carries the rule that one protocol calls forced-branch.
"""

from __future__ import annotations

from hydra_llm.search.proposers.rules.baseline import Baseline, RepeatBaseline
from hydra_llm.search.proposers.rules.boundary_skip import BoundarySkip
from hydra_llm.search.proposers.rules.degeneracy import BreakDegeneracy
from hydra_llm.search.proposers.rules.diverse_start import DiverseStart
from hydra_llm.search.proposers.rules.exploit import Exploit
from hydra_llm.search.proposers.rules.explore import Explore
from hydra_llm.search.proposers.rules.failure_probe import FailureProbe
from hydra_llm.search.proposers.rules.force_branch import ForceBranch, ForcedDiversity
from hydra_llm.search.proposers.rules.random_restart import RandomRestart
from hydra_llm.search.proposers.rules.recombine import Recombine
from hydra_llm.search.proposers.rules.replicate import Replicate
from hydra_llm.search.proposers.rules.replicate_or_explore import ReplicateOrExplore
from hydra_llm.search.proposers.rules.robustness import RobustnessTest
from hydra_llm.search.proposers.rules.scale_up import ScaleUp
from hydra_llm.search.proposers.rules.strategy import Strategy
from hydra_llm.search.proposers.rules.switch_dimension import SwitchDimension
from hydra_llm.search.proposers.rules.triggered import Focus
from hydra_llm.search.proposers.rules.variance_aware import VarianceAware

_FALLBACK: tuple[Strategy, ...] = (Exploit(), RandomRestart())

ORDER: dict[str, tuple[Strategy, ...]] = {
    "baseline": (Baseline(), RepeatBaseline(), *_FALLBACK),
    "diverse": (DiverseStart(), *_FALLBACK),
    "free": (
        Baseline(),
        RobustnessTest(),
        FailureProbe(),
        Focus(),
        ReplicateOrExplore(),
        Explore(),
        BoundarySkip(),
        ScaleUp(),
        BreakDegeneracy(),
        SwitchDimension(),
        ForcedDiversity(),
        ForceBranch(),
        Recombine(),
        VarianceAware(),
        *_FALLBACK,
    ),
    "exploit": (Baseline(), Focus(), ScaleUp(), SwitchDimension(), Recombine(), VarianceAware(), *_FALLBACK),
    "replicate": (Baseline(), Replicate(), RobustnessTest(), *_FALLBACK),
    "explore": (Baseline(), ForcedDiversity(), ForceBranch(), *_FALLBACK),
    "principle-test": (Baseline(), FailureProbe(), BoundarySkip(), BreakDegeneracy(), *_FALLBACK),
}
ALWAYS: dict[str, Strategy] = {"explore": Explore()}  # asked after the others of the role, whatever the streak
