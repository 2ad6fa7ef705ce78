"""memory.md: what a sweep knows, rendered from records within LIMIT lines. What is shortened says so."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_llm.search.annotations import evidence_of
from hydra_llm.search.context import Progress
from hydra_llm.search.log.events import BlockRecord
from hydra_llm.search.log.memory_entries import ESTABLISHED, FALSIFIED, TENTATIVE, MemoryEntry, fold
from hydra_llm.search.log.start_memory import shortened
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.memory.block_evaluation import evaluate
from hydra_llm.search.memory.evidence import BY_CHANCE, Evidence, judge
from hydra_llm.search.memory.predictions import forecasts
from hydra_llm.search.number_text import percent, value_text
from hydra_llm.search.proposers.excerpt import excerpt
from hydra_llm.search.records import variance_table
from hydra_llm.search.records.trial_section import mutation
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics import progress, variance
from hydra_llm.search.tree.node import Node
from hydra_llm.search.trial.trial import Trial, TrialState

MOST_DIGITS = 300  # of a factor that a float can hold
LIMIT = 300  # lines
SHOWN_TRIALS = 8  # numbers of one list of trials
SETTLED = 120  # characters of an earlier falsified entry where words are few
LATEST_SETTLED = 3  # falsified entries that are whole all the same
ROWS = {"regimes": 24, "entries": 20, "questions": 20, "best": 8, "iterations": 24, "notes": 12, "failures": 6}
ROWS |= {"variance": 8, "observations": 12, "plan": 10}

Level = tuple[str, str]
SECTIONS: tuple[Level, ...] = (
    (ESTABLISHED, "Established principles"),
    (TENTATIVE, "Tentative hypotheses"),
    (FALSIFIED, "Falsified hypotheses"),
)


def memory_text(state: SweepState, settings: Settings, block: int) -> str:
    """All of memory.md as of a block (0: before the first); what was learned in later blocks is left out."""
    lines = ["# Working memory", "", *knowledge(state, settings, block)]
    said = [f"- before trial {n.number}: {' '.join(n.text.split())}" for n in state.user_notes if n.block <= block]
    if said:  # here for people; a proposer is shown them as data, in a section of their own
        lines += ["## Notes from a person", "", *_rows("notes", said[::-1])]
    if block:
        lines += ["## Current block", "", *_current(state, settings, block)]
    if len(lines) > LIMIT:
        lines = [*lines[: LIMIT - 1], f"(shortened: {len(lines) - LIMIT + 1} more lines; analysis.md holds all)"]
    return "\n".join(lines).rstrip() + "\n"


def knowledge(state: SweepState, settings: Settings, block: int, *, brief: bool = False) -> list[str]:
    """The part that outlives a block, and what a proposer is shown: start memory, regimes, entries, questions, the
    block before. `brief`: entries without author and claim's interval, which memory.md holds.
    """
    lines: list[str] = []
    if not state.start_memory.is_empty:
        lines += ["## Start memory", "", *shortened(state.start_memory)]
        if block <= 1 and state.start_memory.plan:
            lines += ["### Plan of block 1", "", *_rows("plan", [f"- {item}" for item in state.start_memory.plan])]
    lines += ["## Knowledge base", ""]
    if block > 1 or (block and state.blocks[0].values):
        lines += ["### Regimes", "", *regimes(state, settings, block)]
    records = evidence_of(state, settings, block)
    entries = fold(state.edits, state.start_memory.principles, block)
    found = {e.name: judge(e, records, entries) for e in entries.values() if e.kind == "principle"}
    for level, title in SECTIONS:
        own = [(entries[name], e) for name, e in found.items() if e.level == level][::-1]
        line = _short_lines if brief else _entry_lines
        lines += [f"### {title}", "", *_rows("entries", line(own, settings) or ["- none"])]
    asked = questions(state, entries, {} if brief else found)  # the entry of a contradicted principle says it already
    lines += ["### Open questions", "", *_rows("questions", asked or ["- none"])]
    before = [e for e in entries.values() if e.kind == "summary" and (e.block < block or block == 0)][-1:]
    if before:
        lines += ["## Previous block", "", f"- block {before[0].block}: {before[0].text} ({before[0].name})", ""]
    notes = [f"- {n.text} ({n.by})" for n in state.notes if n.kind == "memory" and n.block <= block]
    if notes:
        lines += ["## Notes", "", *_rows("notes", notes[::-1])]
    return lines


def established(state: SweepState, settings: Settings) -> dict[str, str]:
    """Name -> text of the principles that the records support now."""
    records = evidence_of(state, settings)
    entries = fold(state.edits, state.start_memory.principles)
    return {
        entry.name: entry.text
        for entry in entries.values()
        if entry.kind == "principle" and judge(entry, records, entries).level == ESTABLISHED
    }


def entry_line(entry: MemoryEntry, found: Evidence, settings: Settings) -> str:
    """A principle with what stands behind it: runs for and against, effect with interval, blocks, author."""
    facts = []
    for count, word in ((found.support, "for"), (found.against, "against"), (found.unclear, "within the noise")):
        if count:
            facts.append(f"{len(count)} {word}: {listed(count)}")
    if not found.is_tested and entry.trials:
        facts.append(f"trials {listed(entry.trials)}")
    if found.effect is not None:
        unit = "score" if settings.objective.direction == "target" else settings.objective.name
        change = settings.objective.change_of_score
        text = f"effect {change(found.effect):+.3g} in {unit}"
        if found.interval is not None:
            low, high = sorted(change(bound) for bound in found.interval)
            text += f" (95 %: {low:+.3g} to {high:+.3g})"
        facts += [text, *_towards_the_ceiling(found, settings)]
    if found.blocks:
        facts.append("block" + ("s " if len(found.blocks) > 1 else " ") + ", ".join(map(str, found.blocks)))
    facts += [f"not in block {block}: {listed(runs)}" for block, runs in found.elsewhere]
    if found.claim is not None:
        facts.append(f"claim: {found.claim}")
    if found.why:
        facts.append(found.why)
    source = "" if entry.given else f"; by {entry.by} before trial {entry.number}"
    return f"- {entry.name}: {entry.text} [{'; '.join(facts)}{source}]"


def _towards_the_ceiling(found: Evidence, settings: Settings) -> list[str]:
    """What the effect does to the distance to a declared ceiling, as a factor: an entry is judged by it."""
    effect, interval = found.on_scale.effect, found.on_scale.interval
    if settings.ceiling is None or effect is None:
        return []
    text = f"distance to the ceiling {_factor(effect)}"
    return [text if interval is None else f"{text} (95 %: {_factor(interval[1])} to {_factor(interval[0])})"]


def _factor(digits: float) -> str:
    return f"x{10 ** min(-digits, MOST_DIGITS):.2g}"


def _entry_lines(found: Sequence[tuple[MemoryEntry, Evidence]], settings: Settings) -> list[str]:
    return [entry_line(entry, evidence, settings) for entry, evidence in found]


def _short_lines(found: Sequence[tuple[MemoryEntry, Evidence]], settings: Settings) -> list[str]:
    """Latest first; a falsified entry that is not among the latest is cut."""
    return [
        short_line(entry, e, settings, SETTLED if e.level == FALSIFIED and place >= LATEST_SETTLED else None)
        for place, (entry, e) in enumerate(found)
    ]


def short_line(entry: MemoryEntry, found: Evidence, settings: Settings, limit: int | None = None) -> str:
    """The same in fewer words: counts, effect, claim, and why it is no more than it is; the text within `limit`
    characters.
    """
    facts = []
    for count, word in ((found.support, "for"), (found.against, "against"), (found.unclear, "within the noise")):
        if count:
            facts.append(f"{word}: {listed(count)}")
    if settings.ceiling is not None and found.on_scale.effect is not None:  # as in the tables of a question
        facts.append(f"effect {_factor(found.on_scale.effect)}")
    elif found.effect is not None:
        facts.append(f"effect {settings.objective.change_of_score(found.effect):+.2g}")
    facts += [f"not in block {block}: {listed(runs)}" for block, runs in found.elsewhere]
    if found.claim is not None and found.level != FALSIFIED:
        facts.append(f"claim: {found.claim}")
    if found.why not in ("", BY_CHANCE) and not found.against:
        facts.append(found.why)
    text = entry.text if limit is None else excerpt(entry.text, limit)
    return f"- {entry.name}: {text} [{'; '.join(facts)}]" if facts else f"- {entry.name}: {text}"


def questions(state: SweepState, entries: dict[str, MemoryEntry], found: dict[str, Evidence]) -> list[str]:
    """Open questions: the authors' own, those of the start memory, one for each principle that records contradict."""
    computed = []
    for name, evidence in found.items():
        runs = (*evidence.against, *(n for _, numbers in evidence.elsewhere for n in numbers))
        if runs and evidence.level != FALSIFIED:
            computed.append(
                f"- {name} is contradicted by trials {listed(runs)}: where does it hold? (from the records)"
            )
    asked = [f"- {e.name}: {e.text} ({_origin(e)})" for e in entries.values() if e.kind == "question"]
    return [*computed, *asked[::-1], *(f"- {text} (start memory)" for text in state.start_memory.questions)]


def regimes(state: SweepState, settings: Settings, block: int) -> list[str]:
    """One row per block: its regime, what its data are like, the best it gave, and what was found."""
    wanted, name = settings.log_format.regime, settings.objective.name
    head = ("block", "regime", *wanted, f"best {name}", "trial", "runs", "trials", "optimum", "finding")
    rows = []
    findings = {e.block: e.text for e in fold(state.edits, block=block).values() if e.kind == "summary"}
    for record in state.blocks[:block]:
        tree, trials = state.trees[record.index], state.block_trials(record.index)
        best = tree.best()
        values = ", ".join(f"{key.rpartition('.')[2]}={value}" for key, value in record.values.items())
        metrics = [_typical(trials, metric) for metric in wanted.values()]
        result = ["-", "-", "-"]
        if best is not None and best.mean is not None:
            result = [f"{settings.objective.value_of_score(best.mean):.4g}", str(best.id), str(best.runs)]
        optimum = "-" if best is None else _against_baseline(best, settings)
        finding = findings.get(record.index, "")
        rows.append([str(record.index), values or "as configured", *metrics, *result, _verdicts(trials, settings)])
        rows[-1] += [optimum, finding]
    lines = [_cells(row) for row in rows]
    return [_cells(head), "|" + "---|" * len(head), *_rows("regimes", lines[::-1], blank=False), ""]


def _current(state: SweepState, settings: Settings, block: int) -> list[str]:
    """The block in progress (or at its end): facts, hypotheses, iterations, spread, failures, observations last."""
    record, tree, trials = state.blocks[block - 1], state.trees[block], state.block_trials(block)
    name, floor = settings.objective.name, tree.noise_floor
    lines = [f"- block {block}, iteration {len(trials)} of {settings.nominal_block}; {regime_text(record)}"]
    records = state.recordings(block)
    measured = progress.measure(trials, records, settings.nominal_block, records.noise_floor)
    lines.append(f"- {_rates_line(measured)}")
    measured_noise = f"{floor:.4g}" if tree.replicated() else "not measured, nothing was repeated yet"
    lines.append(f"- noise floor: {measured_noise}")
    tried = evaluate(trials, records, settings.nominal_block, records.noise_floor).by_strategy
    if tried:
        text = ", ".join(f"{strategy} {better}/{used}" for strategy, (used, better) in sorted(tried.items()))
        lines.append(f"- strategies (improved/used): {text}")
    lines += ["", "### Best configurations", ""]
    best = []
    for node in tree.top(ROWS["best"]):
        value = settings.objective.value_of_score(node.mean or 0.0)
        best.append(
            f"- node {node.id}: {name}={value:.4g} over {node.runs} run(s); {_against_baseline(node, settings)}"
        )
    lines += [*(best or ["- none yet"]), ""]
    still = [f for f in forecasts(state, block) if f.status == "open"]
    if still:
        lines += ["### Hypotheses under test", ""]
        lines += [
            f"- trial {f.number}: {f.prediction.statement} ({f.prediction.low:.4g} to {f.prediction.high:.4g})"
            for f in still[-ROWS["best"] :]
        ] + [""]
    spread = variance.rows(tree, settings.objective, settings.thresholds, state.trials)
    if spread:
        head = variance_table.head(settings)
        rows = [_cells(variance_table.cells(row, tree, state, settings)) for row in spread]
        lines += ["### Variance estimates", "", _cells(head), "|" + "---|" * len(head), *_rows("variance", rows)]
    if trials:
        lines += ["### Iterations", "", *_rows("iterations", [_iteration(t, settings) for t in reversed(trials)])]
    failed = [t for t in state.failed(block) if t.state is not TrialState.PRUNED]
    if failed:
        rows = [f"- trial {t.number} ({t.proposal.mutation}): {str(t.error).splitlines()[0]}" for t in reversed(failed)]
        lines += ["### Failures", "", *_rows("failures", rows)]
    seen = [n for n in state.notes if n.kind == "observation" and n.block == block]
    if seen:
        rows = [f"- trial {n.number}: {n.text}" for n in reversed(seen)]
        lines += ["### Emerging observations", "", *_rows("observations", rows)]
    return lines


# ---- pieces ----
def listed(numbers: Sequence[int]) -> str:
    """Trial numbers, the latest SHOWN_TRIALS of a long list."""
    if len(numbers) <= SHOWN_TRIALS:
        return ", ".join(map(str, numbers))
    return f"{', '.join(map(str, numbers[-SHOWN_TRIALS:]))} and {len(numbers) - SHOWN_TRIALS} earlier"


def _rows(kind: str, rows: Sequence[str], *, blank: bool = True) -> list[str]:
    """The first rows of a kind, with a line on those that are left out, then an empty line."""
    most = ROWS[kind]
    kept = list(rows[:most])
    if len(rows) > most:
        kept.append(f"(shortened: {len(rows) - most} more)")
    return [*kept, ""] if blank else kept


def _origin(entry: MemoryEntry) -> str:
    reason = f"; {entry.reason}" if entry.reason else ""
    trials = f", trials {listed(entry.trials)}" if entry.trials else ""
    return f"{entry.by} before trial {entry.number}{trials}{reason}"


def regime_text(record: BlockRecord) -> str:
    """What a block sets beside the search; most applications have no blocks that set anything."""
    return ", ".join(f"{key}={value}" for key, value in record.values.items()) or "regime as configured"


def _against_baseline(node: Node, settings: Settings) -> str:
    changed = settings.space.changed(settings.space.baseline(), node.values)
    return ", ".join(f"{key}={value_text(node.values.get(key))}" for key in changed) or "baseline"


def _verdicts(trials: Sequence[Trial], settings: Settings) -> str:
    ended = [trial for trial in trials if trial.state.is_finished]
    if settings.thresholds is None:
        failed = sum(trial.state.is_bad for trial in ended)
        return f"{len(ended)}" + (f" ({failed} failed)" if failed else "")
    found = [settings.thresholds.classify(settings.objective, trial.value) for trial in ended]
    return " / ".join(f"{found.count(word)} {word}" for word in ("converged", "partial", "failed"))


def _typical(trials: Sequence[Trial], metric: str) -> str:
    """Median over the block: the data of a regime are alike, and one odd run must not stand for them."""
    found = sorted(trial.metrics[metric] for trial in trials if metric in trial.metrics)
    return f"{found[len(found) // 2]:.4g}" if found else "-"


def _iteration(trial: Trial, settings: Settings) -> str:
    value = "-" if trial.value is None else f"{settings.objective.name}={trial.value:.4g}"
    state = "" if trial.state is TrialState.COMPLETED else f" {trial.state.value}"
    parent = "root" if trial.proposal.parent is None else trial.proposal.parent
    return f"- {trial.number} (parent {parent}, {trial.proposal.strategy}): {mutation(trial, settings)}: {value}{state}"


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _rates_line(rates: Progress) -> str:
    """Branching, improvement and failure rates of the block in one line."""
    return (
        f"branching {percent(rates.branching)} ({rates.distinct_parents} distinct parents in the last {rates.window}), "
        f"improvement {percent(rates.improvement)}, failures {percent(rates.failure)}"
        + (", plateau" if rates.plateau else "")
    )
