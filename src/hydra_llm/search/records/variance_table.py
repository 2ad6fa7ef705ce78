"""variance.md: every configuration that ran more than once, with spread, interval, failures and verdict."""

from __future__ import annotations

from hydra_llm.search.log.state import SweepState
from hydra_llm.search.number_text import number
from hydra_llm.search.settings import Settings
from hydra_llm.search.statistics.variance import VarianceRow, rows

HEAD = ("node", "runs", "mean", "sd", "CV %", "95 % interval", "worst", "failed", "trend", "verdict", "configuration")


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
        lines += [f"| {' | '.join(HEAD)} |", "|" + "---|" * len(HEAD)]
        for row in found:
            values = tree.node(row.node).values
            changed = settings.space.changed(settings.space.baseline(), values)
            label = ", ".join(f"{name}={values.get(name)}" for name in changed) or "baseline"
            lines.append("| " + " | ".join([*cells(row), label.replace("|", "\\|")]) + " |")
        lines += ["", f"Noise floor, the pooled standard deviation of one run: {tree.noise_floor:.4g}.", ""]
    return "\n".join(lines)


def cells(row: VarianceRow) -> list[str]:
    """A row without its configuration, in the order of HEAD."""

    return [
        str(row.node),
        str(row.runs),
        number(row.mean),
        number(row.std),
        "-" if row.cv is None else f"{100 * row.cv:.2f}",
        "-" if row.interval is None else f"{row.interval[0]:.4g} to {row.interval[1]:.4g}",
        number(row.worst),
        str(row.failures),
        row.trend or "-",
        row.verdict,
    ]
