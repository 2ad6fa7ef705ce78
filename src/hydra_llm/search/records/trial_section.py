"""One entry of analysis.md: a trial that ended, line by line after the format of its family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hydra_llm.search.annotations import lines_of
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.log_format import PLACEHOLDER, Format, LogLine
from hydra_llm.search.memory.predictions import judged
from hydra_llm.search.number_text import value_text
from hydra_llm.search.proposers.rules.degeneracy import GAP
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics.pool_record import standing_text
from hydra_llm.search.statistics.variance import PEAK, MetricSpread
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.trial import Change, Trial, TrialState

RERUN = "robustness-check"
NOT_TOLD = "(not told)"
STEADY = 0.01  # a final value so far below its peak has not decayed


class TrialSection:
    """What the lines of one trial need. `following` is the parent that the slot branched from next, None: unknown."""

    def __init__(self, trial: Trial, state: SweepState, settings: Settings, following: str = "") -> None:
        self.trial = trial
        self.state = state
        self.settings = settings
        self.following = following
        self.node: Node = state.trees[trial.block].node(trial.number)
        self.values: dict[str, Any] = {**settings.constants, **state.blocks[trial.block - 1].values, **trial.values}
        self._told = lines_of(state.notes, trial.number)

    @property
    def text(self) -> str:
        found = [f"## Iter {self.trial.number}: {self.verdict}"]
        wanted: Format = self.settings.log_format
        for item in wanted.entry:
            name = item if isinstance(item, str) else item.name
            line = KNOWN_LINES[item](self) if isinstance(item, str) else self._own(item)
            if line:
                found.append(f"{name}: {line}")
        return "\n".join(found) + "\n\n"

    @property
    def verdict(self) -> str:
        """converged, partial or failed where thresholds are declared, else how the trial ended."""
        if self.trial.value is not None and self.settings.thresholds is not None:
            return self.settings.thresholds.classify(self.settings.objective, self.trial.value)
        return self.trial.state.value.lower()

    @property
    def is_rerun(self) -> bool:
        return self.node.trials[0] != self.trial.number

    # ---- lines of a family's own ----
    def _own(self, line: LogLine) -> str:
        if line.told:
            return self._told.get(line.name, NOT_TOLD)
        if line.values:
            return ", ".join(f"{label}={value_text(self.values.get(key, '-'))}" for label, key in line.values.items())
        if line.metrics:
            return ", ".join(f"{label}={value_text(value)}" for label, value in self._metrics(line.metrics))
        if line.variance:
            return self.variance(line.variance)
        return self._filled(line.text)

    def _metrics(self, wanted: Mapping[str, str]) -> list[tuple[str, float]]:
        found = []
        for label, name in wanted.items():
            if name.endswith("*"):
                found += [(n, v) for n, v in sorted(self.trial.metrics.items()) if n.startswith(name[:-1])]
            elif name in self.trial.metrics:
                found.append((label, self.trial.metrics[name]))
        return found

    def _filled(self, template: str) -> str:
        known = {**self.values, **self.trial.metrics, "slot": self.trial.proposal.slot, "trend": self.trend}
        names = PLACEHOLDER.findall(template)
        if names not in ([], ["slot"]) and all(known.get(name) in (None, "") for name in names if name != "slot"):
            return ""
        return PLACEHOLDER.sub(lambda match: value_text(known.get(match.group(1), "-")), template)

    # ---- facts ----
    @property
    def trend(self) -> str:
        """Whether the run ended at its peak; "" where the task does not report one."""
        peak, value = self.trial.metrics.get(self.settings.objective.name + PEAK), self.trial.value
        if peak is None or value is None:
            return ""
        below = self.settings.objective.score(peak) - self.settings.objective.score(value)
        return "rising" if below <= 0.0 else "stable" if below <= STEADY else "decaying"

    def variance(self, metrics: tuple[str, ...]) -> str:
        """Runs of the configuration so far, and the CV of each metric over them."""
        trials = [self.state.trials[n] for n in self.node.trials if self.state.trials[n].state.is_finished]
        parts = [f"node {self.node.id} now has {len(trials)} run" + ("s" if len(trials) != 1 else "")]
        for name in metrics or (self.settings.objective.name,):
            values = [t.value if name == self.settings.objective.name else t.metrics.get(name) for t in trials]
            known = [value for value in values if value is not None]
            spread = MetricSpread.of(known)
            cv = None if spread is None else spread.cv
            parts.append(f"CV({name})={'-' if cv is None else f'{100 * cv:.2f} %'}")
        failed = sum(t.value is None for t in trials)
        if failed and failed < len(trials):
            parts.append(f"{failed} failed where others of this configuration did not: high variance")
        return ", ".join(parts)


def _node(entry: TrialSection) -> str:
    parent = entry.trial.proposal.parent
    return f"id={entry.trial.number}, parent={'root' if parent is None else parent}"


def _strategy(entry: TrialSection) -> str:
    proposal = entry.trial.proposal
    mode = RERUN if entry.is_rerun else proposal.role
    return f"{mode}/{proposal.strategy} (by {proposal.provenance})"


def _slot(entry: TrialSection) -> str:
    return f"slot_{entry.trial.proposal.slot}"


def _config(entry: TrialSection) -> str:
    return ", ".join(f"{key}={value_text(value)}" for key, value in entry.trial.values.items())


def _metrics(entry: TrialSection) -> str:
    return ", ".join(f"{key}={value_text(value)}" for key, value in entry.trial.metrics.items())


def _error(entry: TrialSection) -> str:
    error = entry.trial.error
    if error is None:
        return ""
    text = " ".join(str(error).split())
    return f"stopped early, {text}" if entry.trial.state is TrialState.PRUNED else text


def _mutation(entry: TrialSection) -> str:
    if entry.is_rerun:
        return f"[none], robustness re-run of node {entry.node.id}"
    return mutation(entry.trial, entry.settings)


def _parent_rule(entry: TrialSection) -> str:
    return entry.trial.proposal.note or entry.trial.proposal.strategy


def _hypothesis(entry: TrialSection) -> str:
    return entry.trial.proposal.hypothesis


def _prediction(entry: TrialSection) -> str:
    if entry.trial.proposal.prediction is None:
        return ""
    found = judged(entry.trial)
    low, high = found.prediction.low, found.prediction.high
    return f"{value_text(low)} to {value_text(high)}, {found.status}"


def _pool(entry: TrialSection) -> str:
    return standing_text(entry.trial, entry.settings.objective)


def _degeneracy(entry: TrialSection) -> str:
    gap = entry.settings.meaning.gap(entry.trial)
    if gap is None or entry.settings.objective.direction != "maximize":
        return ""
    return f"gap={value_text(gap)}" if gap > GAP else ""


def _variance(entry: TrialSection) -> str:
    return entry.variance(()) if entry.is_rerun else ""


def _observation(entry: TrialSection) -> str:
    notes = [n for n in entry.state.notes if n.kind == "observation" and n.number == entry.trial.number]
    return " ".join(note.text for note in notes)


def _next(entry: TrialSection) -> str:
    return f"parent={entry.following}" if entry.following else ""


KNOWN_LINES: dict[str, Callable[[TrialSection], str]] = {
    "Node": _node,
    "Mode/Strategy": _strategy,
    "Slot": _slot,
    "Config": _config,
    "Metrics": _metrics,
    "Error": _error,
    "Mutation": _mutation,
    "Parent rule": _parent_rule,
    "Hypothesis": _hypothesis,
    "Prediction": _prediction,
    "Pool": _pool,
    "Degeneracy": _degeneracy,
    "Variance update": _variance,
    "Observation": _observation,
    "Next": _next,
}


def mutation(trial: Trial, settings: Settings) -> str:
    """What was moved; a root that is not the baseline is told by its difference to the baseline."""
    proposal = trial.proposal
    if proposal.parent is not None or proposal.changes:
        return proposal.mutation
    baseline = settings.space.baseline()
    names = settings.space.changed(baseline, proposal.values)
    moved = "; ".join(str(Change(name, baseline.get(name), proposal.values.get(name))) for name in names)
    return f"{moved} (against the baseline)" if moved else proposal.mutation
