"""Which rule speaks first in which role. The first whose condition holds and that finds something new fills the slot.

Conflicts between the source protocols are settled here: a probe comes before explore and never twice in a row;
recombination needs tree distance; switch-dimension carries the rule that one protocol calls forced-branch; bottom-half
and second-best are available and off.
"""

from __future__ import annotations

from hydra_llm.search.strategies.base import Strategy
from hydra_llm.search.strategies.baseline import Baseline, RepeatBaseline
from hydra_llm.search.strategies.boundary_skip import BoundarySkip
from hydra_llm.search.strategies.degeneracy import BreakDegeneracy
from hydra_llm.search.strategies.diverse_start import DiverseStart
from hydra_llm.search.strategies.exploit import Exploit
from hydra_llm.search.strategies.explore import Explore
from hydra_llm.search.strategies.failure_probe import FailureProbe
from hydra_llm.search.strategies.focus import Focus
from hydra_llm.search.strategies.force_branch import BottomHalf, ForceBranch, ForcedDiversity, SecondBest
from hydra_llm.search.strategies.random_restart import RandomRestart
from hydra_llm.search.strategies.recombine import Recombine
from hydra_llm.search.strategies.replicate import Replicate
from hydra_llm.search.strategies.replicate_or_explore import ReplicateOrExplore
from hydra_llm.search.strategies.robustness import RobustnessTest
from hydra_llm.search.strategies.scale_up import ScaleUp
from hydra_llm.search.strategies.switch_dimension import SwitchDimension
from hydra_llm.search.strategies.variance_aware import VarianceAware

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
OFF: tuple[Strategy, ...] = (BottomHalf(), SecondBest())
