"""Configurations that run the full recipe while the search is still going on, inside its budget of trials.

What the short runs of a search are worth is whether they rank configurations as the full recipe does. Two full runs,
of the leader and of a contrast, say so at half time, on the recording that both already ran on.
"""

from __future__ import annotations

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.settings import Settings
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import PROMOTED, Proposal, Trial

BASELINE, LEADER, CONTRAST = "baseline", "leader", "contrast"


def due(state: SweepState, settings: Settings) -> dict[int, str]:
    """Trial -> what its configuration is, of those that shall run the full recipe now; {} where it is too early, or
    done. The baseline is the contrast, or the worst configuration where it has no score.
    """
    if settings.promote < 2 or state.promotions or not state.blocks:  # one alone has no rank
        return {}
    block = state.blocks[-1].index
    ended = sum(trial.state.is_finished for trial in state.block_trials(block))
    nodes = state.trees[block].top(len(state.trees[block]))
    if 2 * ended < min(settings.block_size, settings.n_trials) or len(nodes) < settings.promote:
        return {}
    if state.used + settings.promote > settings.n_trials:
        return {}
    root = state.baseline(block)
    contrast = root if root is not None and root.scores else nodes[-1]
    leaders = [node for node in nodes if node is not contrast][: settings.promote - 1]
    found = {_scored(state, contrast.trials): BASELINE if contrast is root else CONTRAST}
    return found | {_scored(state, node.trials): LEADER for node in leaders}


def full_run(trial: Trial, role: str, slot: int) -> Proposal:
    """The configuration of a trial once more, with the full recipe."""
    who, note = Provenance(PROMOTED), f"the full recipe of trial {trial.number}, on its recording"
    return Proposal(slot, role, PROMOTED, trial.number, trial.values, note=note, provenance=who)


def _scored(state: SweepState, numbers: list[int]) -> int:
    """The first run of a configuration that has a value."""
    return next(number for number in numbers if state.trials[number].value is not None)
