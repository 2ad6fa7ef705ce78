"""How well the records support an entry: its level is computed, each time anew, and never stored.

Two kinds of test count. A claim is tested on every edge that it speaks of (claims.py). A principle-test names the entry
and predicts an interval from it: a result inside speaks for the entry, one outside by more than the noise against it,
unless the claim speaks of that very move.
Three runs for it and none against make an entry established, if the noise is known and the 95 % interval of the effect
on the scale of tree/recordings.py excludes zero; a run against it takes that away again, and as many against it as for
it falsify it. Since means move with every replicate and the noise floor with every rerun, an entry can fall without a
new trial of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from hydra_llm.search.log.memory_entries import ESTABLISHED, FALSIFIED, LEVELS, TENTATIVE, MemoryEntry
from hydra_llm.search.quotation import named
from hydra_llm.search.sample import NORMAL, half_width
from hydra_llm.search.statistics.claims import Claim, ClaimTest, probes
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import Prediction, Trial

BY_CHANCE = "chance can explain every test so far"
ENOUGH = 3  # consistent runs that make a principle established


@dataclass(frozen=True)
class Pooled:
    """A mean effect over tests and its 95 % interval."""

    effect: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Evidence:
    """Numbers of runs for and against, in order of number. `elsewhere` are runs against it in blocks without any for
    it: they limit where it holds and do not refute it.
    """

    level: str
    claim: Claim | None = None
    support: tuple[int, ...] = ()
    against: tuple[int, ...] = ()
    unclear: tuple[int, ...] = ()
    elsewhere: tuple[tuple[int, tuple[int, ...]], ...] = ()  # (block, runs)
    blocks: tuple[int, ...] = ()  # with support
    effect: float | None = None  # mean difference of scores, in the metric's unit
    interval: tuple[float, float] | None = None  # 95 % for it
    on_scale: Pooled = Pooled()  # the same on the scale of tree/recordings.py, by which it is judged
    why: str = ""  # why the level is not higher

    @property
    def is_tested(self) -> bool:
        return bool(self.support or self.against or self.unclear)


@dataclass(frozen=True)
class EvidenceBase:
    """What entries are judged by: trees by block, finished search trials, and whether noise can be measured at all."""

    trees: Mapping[int, Tree]
    trials: Sequence[Trial]
    objective: Objective
    noisy: bool = True  # the search varies seeds, so a difference means nothing before something was repeated

    ceiling: float | None = None  # best value that the metric can have
    compared_by: type[Recordings] = Recordings

    @cached_property
    def recordings(self) -> dict[int, Recordings]:
        """By block, what configurations may be compared by."""
        of_block = {
            index: [t for t in self.trials if t.block == index and t.number in tree]
            for index, tree in self.trees.items()
        }
        own = self.compared_by
        return {i: own(self.trees[i], found, self.objective, self.ceiling) for i, found in of_block.items()}

    @property
    def noise_known(self) -> bool:
        return not self.noisy or any(tree.replicated() for tree in self.trees.values())


def judge(entry: MemoryEntry, records: EvidenceBase, entries: Mapping[str, MemoryEntry]) -> Evidence:
    """The evidence for one entry as of these records."""
    claim = entry.claim
    found = list(probes(claim, records.recordings)) if claim is not None else []
    settled = {number for test in found for number in test.trials}  # the claim itself says more than a predicted number
    found += [test for test in _broken(entry, records, entries) if not settled & set(test.trials)]
    home = {test.block for test in found if test.verdict > 0} or {test.block for test in found}
    away = [test for test in found if test.block not in home and test.verdict < 0]
    here = [test for test in found if test.block in home]
    mean = _pooled([(test.effect, test.error) for test in here])
    evidence = Evidence(
        TENTATIVE,
        claim,
        _runs(test for test in here if test.verdict > 0),
        _runs(test for test in here if test.verdict < 0),
        _runs(test for test in here if test.verdict == 0),
        tuple((b, _runs(t for t in away if t.block == b)) for b in sorted({t.block for t in away})),
        tuple(sorted({test.block for test in here if test.verdict > 0})),
        effect=mean.effect,
        interval=mean.interval,
        on_scale=_pooled([(test.on_scale, test.error_on_scale) for test in here]),
    )
    level, why = _level(entry, evidence, records)
    return replace(evidence, level=level, why=why)


def _level(entry: MemoryEntry, found: Evidence, records: EvidenceBase) -> tuple[str, str]:
    level, why = _computed(entry, found, records)
    if entry.cap is not None and LEVELS.index(level) > LEVELS.index(entry.cap):
        return entry.cap, f"demoted by {entry.by}" + (f": {entry.reason}" if entry.reason else "")
    return level, why


def _computed(entry: MemoryEntry, found: Evidence, records: EvidenceBase) -> tuple[str, str]:
    support, against = len(found.support), len(found.against)
    if not support and not against:
        if entry.given:
            return ESTABLISHED, "given by the start memory, not tested here"
        if entry.asked == FALSIFIED:
            return FALSIFIED, "by its author's judgement"
        if found.unclear:
            return TENTATIVE, BY_CHANCE
        if found.claim is not None:
            return TENTATIVE, "no trial tests its claim yet"
        return TENTATIVE, "no claim: give it one, or name it in a principle-test"
    if against and against >= support:
        return FALSIFIED, f"{_count(against)} against it, {support} for it"
    if against:
        return TENTATIVE, f"contradicted by {_count(against)}"
    if entry.given:
        return ESTABLISHED, "given by the start memory"
    if support < ENOUGH:
        return TENTATIVE, f"{support} of {ENOUGH} runs"
    if not records.noise_known:
        return TENTATIVE, "the noise is unknown, nothing was repeated yet"
    wants_effect, interval = found.claim is not None and found.claim.effect != "none", found.on_scale.interval
    if wants_effect and interval is not None and interval[0] <= 0.0 <= interval[1]:
        return TENTATIVE, "the interval of its effect holds zero"
    return ESTABLISHED, ""


def _broken(entry: MemoryEntry, records: EvidenceBase, entries: Mapping[str, MemoryEntry]) -> list[ClaimTest]:
    """Principle-tests of this entry: each predicted an interval from it."""
    found = []
    texts = {name: one.text for name, one in entries.items() if one.kind == "principle"}
    for trial in records.trials:
        proposal = trial.proposal
        if not proposal.principle or proposal.prediction is None or not trial.state.is_finished:
            continue
        if named(proposal.principle, texts) != entry.name:
            continue
        if trial.value is None:
            verdict = -1 if trial.state.is_bad else 0
        else:
            verdict = _verdict(proposal.prediction, trial.value, records.recordings[trial.block])
        found.append(ClaimTest((trial.number,), trial.block, verdict))
    return found


def _verdict(prediction: Prediction, value: float, records: Recordings) -> int:
    """Of a result against the interval that was predicted; beside it within the noise it says nothing."""
    nearest = min(max(value, prediction.low), prediction.high)
    if value == nearest:
        return +1
    better = max(records.objective.score(value), records.objective.score(nearest))
    return -1 if abs(value - nearest) > records.noise_at(better) else 0


def _pooled(found: Sequence[tuple[float | None, float]]) -> Pooled:
    """Of (effect, standard error), a pair for each test: Student's interval between tests, the noise's for one test."""
    known = [(effect, error) for effect, error in found if effect is not None]
    if not known:
        return Pooled()
    mean = sum(effect for effect, _ in known) / len(known)
    half = half_width([effect for effect, _ in known]) if len(known) > 1 else NORMAL * known[0][1] or None
    return Pooled(mean, None if half is None else (mean - half, mean + half))


def _runs(found: Iterable[ClaimTest]) -> tuple[int, ...]:
    return tuple(sorted({number for test in found for number in test.trials}))


def _count(number: int) -> str:
    return f"{number} run" + ("s" if number != 1 else "")
