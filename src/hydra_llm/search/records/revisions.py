"""What the runs of a sweep say of each revision of its code, with the parameters of other changes kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hydra_llm.search.log.code_state import CodeState
from hydra_llm.search.log.events import CodeRevision
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.space.space import Revision, Space
from hydra_llm.search.tree.node import Node
from hydra_llm.search.tree.recordings import Pair, Recordings
from hydra_llm.search.trial.trial import Trial


@dataclass(frozen=True)
class CodeGain:
    """Two configurations that differ in the code alone. `change` is in the metric's unit, the mean over the
    `recordings` that both ran on; `trial` is that of the other code.
    """

    trial: int
    change: float
    recordings: int


@dataclass(frozen=True)
class RevisionEvidence:
    """`trials`: search trials that ran it, in order of number; `best`: the node of its best
    configuration.

    alone: its first configuration, at the parameters of its parent, against the code that its idea changes.
    taken_back: its best configuration against that code, at the same parameters; None where the
    best is the first, or where that was not run.
    """

    revision: CodeRevision
    trials: tuple[Trial, ...]
    best: Node | None
    alone: CodeGain | None
    taken_back: CodeGain | None
    fate: str

    @property
    def is_kept(self) -> bool:
        return self.best is not None


def code_key(space: Space) -> str | None:
    """The parameter whose values are revisions; None for a sweep that does not change code."""
    return next((dimension.name for dimension in space.dimensions if isinstance(dimension, Revision)), None)


def evidence(state: SweepState) -> list[RevisionEvidence]:
    """In the order in which the revisions were made; [] for a sweep that does not change code."""
    key = code_key(state.space)
    if key is None:
        return []
    of_block = {block: state.recordings(block) for block in state.trees}
    return [_of(state, key, revision, of_block) for revision in state.code.revisions.values()]


def twin(recordings: Recordings, node: Node, key: str, name: str) -> Node | None:
    """The configuration with the parameters of `node` and the code `name`, if it was asked for."""
    return recordings.tree.find({**node.values, key: name})


def _of(state: SweepState, key: str, revision: CodeRevision, of_block: Mapping[int, Recordings]) -> RevisionEvidence:
    trials = tuple(trial for trial in state.search_trials() if trial.values.get(key) == revision.name)
    origin = state.code.origin(revision.name)
    best, alone, taken_back = None, None, None
    if trials:
        own = of_block[trials[-1].block]  # the latest block that ran it
        best = next((node for node in own.ranked if node.values.get(key) == revision.name), None)
        begun = of_block[trials[0].block]
        first = begun.tree.node(trials[0].number)
        alone = _against(state, begun, first, twin(begun, first, key, origin))
        if best is not None and best is not first:
            taken_back = _against(state, own, best, twin(own, best, key, origin))
    return RevisionEvidence(revision, trials, best, alone, taken_back, _fate(state.code, revision.name, trials))


def _against(state: SweepState, recordings: Recordings, node: Node, other: Node | None) -> CodeGain | None:
    pair: Pair | None = None if other is None else recordings.pair(node, other)
    if other is None or pair is None:
        return None
    return CodeGain(other.id, state.objective.change_of_score(pair.mean), len(pair.recordings))


def _fate(code: CodeState, name: str, trials: tuple[Trial, ...]) -> str:
    if name in code.given_up:
        return f"given up: {code.given_up[name]}"
    if name in code.waiting:
        return "waits for a person"
    if not trials:
        return "not run"
    if not any(trial.value is not None for trial in trials):
        repaired = next((r.name for r in code.revisions.values() if r.repairs == name), None)
        failed = all(trial.state.is_bad for trial in trials)
        return f"crashed, repaired as {repaired}" if repaired else "without a value" if failed else "running"
    return "ran"
