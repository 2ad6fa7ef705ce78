"""variance.md: every configuration that ran more than once, with spread, interval, failures and verdict, in the metric
of the search and in those that the log format names; then what the search recommends beside every reference.
"""

from __future__ import annotations

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.number_text import number
from hydra_llm.search.records.confirmation import beside
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics.variance import MetricSpread, VarianceRow, rows, spread_of
from hydra_llm.search.tree.tree import Tree

HEAD = ("node", "runs", "mean", "sd", "CV %", "95 % interval", "worst", "failed", "trend")
BESIDE = ("metric", "against", "recommended", "the other", "paired difference", "standard error", "seeds", "budget")


def markdown(state: SweepState, settings: Settings) -> str:
    """`variance.md`: one table per block, and the noise floor that a difference has to exceed."""
    objective = settings.objective
    lines = [f"# Variance of {objective.name} over reruns", ""]
    for block in state.blocks:
        tree = state.trees[block.index]
        found = rows(tree, objective, settings.thresholds, state.trials)
        if len(state.blocks) > 1:
            regime = ", ".join(f"{key}={value}" for key, value in block.values.items())
            lines += [f"## Block {block.index}" + (f": {regime}" if regime else ""), ""]
        if not found:
            lines += ["Nothing was repeated, so the noise is unknown and no difference counts as an improvement.", ""]
            continue
        lines += _table([*head(settings), "configuration"])
        for row in found:
            values = tree.node(row.node).values
            changed = settings.space.changed(settings.space.baseline(), values)
            label = ", ".join(f"{name}={values.get(name)}" for name in changed) or "baseline"
            lines.append(_row([*cells(row, tree, state, settings), label]))
        lines += ["", f"Noise floor, the pooled standard deviation of one run: {tree.noise_floor:.4g}.", ""]
    return "\n".join([*lines, *references(state, settings)])


def references(state: SweepState, settings: Settings) -> list[str]:
    """The recommended configuration against every arm of the confirmation, on the same fresh seeds; [] without."""
    found = beside(state, settings.objective, tuple(settings.log_format.variance.values()))
    if not found:
        return []
    several = any(row.regime for row in found)
    lines = ["## Beside the references", ""]
    lines += _table([*(["regime"] if several else []), *BESIDE])
    for row in found:
        text = [row.metric, row.role, *(_mean(MetricSpread.of(side.values)) for side in (row.first, row.other))]
        paired = [number(value) for value in (row.paired.difference, row.paired.standard_error)]
        lines.append(_row([*([row.regime] if several else []), *text, *paired, str(row.paired.pairs), row.budget]))
    failed = [
        f"{row.other.failed} of {row.role}" for row in found if row.other.failed and row.metric == found[0].metric
    ]
    note = "Means with standard deviations over runs on fresh seeds; the difference is recommended minus other."
    return [*lines, "", note + (f" Failed runs: {', '.join(failed)}." if failed else ""), ""]


def head(settings: Settings) -> list[str]:
    """Titles of `cells`."""
    others = [title for label in _others(settings) for title in (label, "CV %")]
    return [*HEAD, *others, "verdict"]


def _others(settings: Settings) -> dict[str, str]:
    """label -> metric, those beside the metric of the search."""
    wanted = settings.log_format.variance.items()
    return {label: metric for label, metric in wanted if metric != settings.objective.name}


def _table(titles: list[str]) -> list[str]:
    return [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _mean(spread: MetricSpread | None) -> str:
    if spread is None:
        return "-"
    return number(spread.mean) + ("" if spread.sd is None else f" +/- {spread.sd:.2g}")


def cells(row: VarianceRow, tree: Tree, state: SweepState, settings: Settings) -> list[str]:
    """A row without its configuration, in the order of `head`."""
    others = []
    for metric in _others(settings).values():
        spread = spread_of(tree.node(row.node), metric, state.trials)
        others += [_mean(spread), _percent(None if spread is None else spread.cv)]
    return [
        str(row.node),
        str(row.runs),
        number(row.mean),
        number(row.std),
        _percent(row.cv),
        "-" if row.interval is None else f"{row.interval[0]:.4g} to {row.interval[1]:.4g}",
        number(row.worst),
        str(row.failures),
        row.trend or "-",
        *others,
        row.verdict,
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"
