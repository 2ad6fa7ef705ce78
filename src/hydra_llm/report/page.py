"""report.html: one file that holds everything it shows, derived from a sweep's folder and from nothing else.

The page makes no network request: styles, script, data and thumbnails are inside, and its content security policy
forbids anything else. Texts of runs and models are escaped by the template, or set as text by the script.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from hydra_llm.atomic_write import write_text
from hydra_llm.report.effect import score_name
from hydra_llm.report.epistemic import drawings
from hydra_llm.report.epistemic.analysis import analyse
from hydra_llm.report.sections import (
    calibration,
    cost,
    curve,
    front,
    parameters,
    programs,
    records,
    summary,
    texts,
    tree,
)
from hydra_llm.report.sections.cards import cards
from hydra_llm.report.svg import short
from hydra_llm.report.thumbnails import pictures
from hydra_llm.report.timeline import Timeline, timeline
from hydra_llm.search.log.reader import Sweep, read_sweep
from hydra_llm.search.number_text import percent
from hydra_llm.search.records.front import on_front

REPORT_NAME = "report.html"
CODE = "code"  # a section of sweeps that change code
FRONT = "front"  # of sweeps with several objectives
RELOAD_S = 15.0  # a page of a running sweep loads itself again
SECTIONS = (
    ("summary", "Summary"),
    (FRONT, "Pareto front"),
    ("exploration", "Tree"),
    ("progress", "Best so far"),
    ("parameters", "Parameters"),
    (CODE, "Code"),
    ("variance", "Variance"),
    ("blocks", "Blocks"),
    ("failures", "Failures"),
    ("hypotheses", "Hypotheses"),
    ("reasoning", "Reasoning"),
    ("memory", "Memory"),
    ("cost", "Cost"),
    ("trials", "All trials"),
)


def report_path(folder: Path, path: Path | None = None) -> Path:
    return path or folder / REPORT_NAME


def write_report(folder: Path, path: Path | None = None, *, live: bool = False) -> Path:
    """Write the report of the sweep in `folder`, replaced in one step; returns its path.

    `live`: the page loads itself again while the sweep has not ended. Raises NoSweepError or EventLogError.
    """
    target = report_path(folder, path)
    write_text(target, render(read_sweep(folder), live=live))
    return target


def render(sweep: Sweep, *, live: bool = False) -> str:
    """The page as text: a function of the sweep's folder."""
    when = timeline(sweep.events)
    script = "\n".join(_asset(name) for name in ("card.js", "tree.js", "page.js"))
    script = f'"use strict";\n(function () {{\n{script}\n}})();'
    theme = _asset("theme.js")
    environment = Environment(
        loader=PackageLoader("hydra_llm.report", "assets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        css=Markup(_asset("page.css")),  # ours, like the scripts
        theme_js=Markup(theme),
        page_js=Markup(script),
        script_hashes=Markup(" ".join(f"'sha256-{_sha256(text)}'" for text in (theme, script))),
        data=htmlsafe_json_dumps(_data(sweep, when, live)),
        **_content(sweep, when),
    )


def _content(sweep: Sweep, when: Timeline) -> dict[str, Any]:
    state = sweep.state
    confirmation = summary.rows(sweep)
    steps = parameters.path_to_best(sweep)
    ledger = calibration.ledger(sweep)
    reasoning = analyse(sweep, when)
    name, several = sweep.settings.objective.name, sweep.settings.objectives
    goal = name if several is None else ", ".join(several.names)
    changed = programs.programs(sweep)
    return {
        "title": f"{sweep.settings.task}: {goal}" if sweep.settings.task else goal,
        "subtitle": _subtitle(sweep, when),
        "sections": _sections(code=bool(changed), several=several is not None),
        "metric": name,
        "score_name": score_name(sweep.settings.objective),
        "block_count": len(state.blocks),
        "noise_known": any(t.replicated() for t in state.trees.values()),
        "facts": _facts(sweep, when),
        "summary_drawing": summary.drawing(confirmation),
        "confirmation": confirmation,
        "verdicts": summary.verdicts(sweep),
        "unconfirmed": _unconfirmed(sweep),
        "best": _best(sweep),
        "objectives": front.names(sweep),
        "front": front.rows(sweep),
        "planes": front.planes(sweep),
        "tree": tree.drawing(sweep) if state.trials else None,
        "steps": when.steps,
        "curve": curve.drawing(sweep, when),
        "path_steps": steps,
        "path_drawing": parameters.path_drawing(sweep, steps),
        "ablations": parameters.ablations(sweep),
        "importances": parameters.importances(sweep),
        "parallel": parameters.parallel(sweep),
        "programs": changed,
        "larger_is_better": sweep.settings.objective.direction != "minimize",
        "variance": records.variance_blocks(sweep),
        "references": records.references(sweep),
        "blocks": records.block_rows(sweep),
        "failures": records.failure_groups(sweep),
        "rejections": state.rejections,
        "ledger": ledger,
        "ledger_drawing": calibration.drawing(ledger.forecasts, name),
        "texts": (("Memory", texts.memories(sweep)), ("Protocol", texts.protocols(sweep))),
        "protocol_edits": state.protocol_copy.edits,
        "edits": state.edits,
        "user_notes": state.user_notes,
        "reasoning": reasoning,
        "reasoning_timeline": drawings.timeline(reasoning),
        "reasoning_stream": drawings.stream(reasoning),
        "reasoning_flow": drawings.flow(reasoning),
        "cost": cost.cost(sweep, when),
        "trials": records.trial_rows(sweep, when),
        "provenance": _provenance(sweep, when),
        "argv": shlex.join(sweep.header.argv),
        "versions": ", ".join(f"{k} {v}" for k, v in sweep.header.versions.items()),
        "short": short,
        "duration": cost.duration,
        "percent": partial(percent, missing="–"),
    }


def _data(sweep: Sweep, when: Timeline, live: bool) -> dict[str, Any]:
    best = sweep.state.best()
    objective = sweep.settings.objective
    return {
        "metric": objective.name,
        "score_name": score_name(objective),
        "sign": objective.value_of_score(1),
        "steps": when.steps,
        "order": when.order,
        "front": list(on_front(sweep.state)),
        "best": None if best is None else sweep.state.trees[best.block].node(best.number).id,
        "tree": tree.numbers(sweep),
        "trials": cards(sweep, when, pictures(sweep)),
        "reload_s": RELOAD_S if live and not sweep.ended else 0,
        "key": f"hydra-llm:{sweep.header.time}",
    }


def _subtitle(sweep: Sweep, when: Timeline) -> str:
    started = "" if when.first is None else f" · started {_date(when.first)}"
    ended = f"ended: {sweep.ended}" if sweep.ended else "not ended"
    parts = "".join(f" · {part} {name}" for part, name in sweep.parts.items())
    return f"{_goal(sweep)}{parts} · seed {sweep.settings.seed}{started} · {ended}"


def _goal(sweep: Sweep) -> str:
    objective, several = sweep.settings.objective, sweep.settings.objectives
    if several is not None:
        return several.goal
    wanted = f"to {objective.target:g}" if objective.target is not None else ""
    return " ".join(f"{objective.direction} {objective.name} {wanted}".split())


def _sections(*, code: bool, several: bool) -> list[tuple[str, str]]:
    """Those that this sweep has something for."""
    left_out = {CODE} - ({CODE} if code else set()) | {FRONT} - ({FRONT} if several else set())
    return [section for section in SECTIONS if section[0] not in left_out]


def _facts(sweep: Sweep, when: Timeline) -> list[tuple[str, str]]:
    state = sweep.state
    trials = state.search_trials()
    scored = sum(trial.value is not None for trial in trials)
    best = _best(sweep)
    facts = [
        (f"{when.steps} of {sweep.settings.n_trials}", "search trials told"),
        (str(sum(len(t) for t in state.trees.values())), "configurations"),
        (str(len(trials) - scored - len(state.running) - len(state.waiting)), "without a value"),
    ]
    if len(state.blocks) > 1:
        facts.append((str(len(state.blocks)), "blocks"))
    if sweep.settings.objectives is not None:
        facts.insert(0, (str(len(state.front)), "configurations on the Pareto front"))
    elif best is not None:
        facts.insert(0, (short(best["selected"]), f"best {score_name(sweep.settings.objective)} as selected"))
        if best["baseline"] is not None:
            facts.insert(1, (short(best["baseline"]), "baseline in the search"))
    return facts


def _best(sweep: Sweep) -> dict[str, Any] | None:
    best = sweep.state.best()
    if best is None:
        return None
    settings, tree_of = sweep.settings, sweep.state.trees[best.block]
    node, root = tree_of.node(best.number), sweep.state.baseline(best.block)
    baseline = settings.space.baseline()
    rows = [
        {
            "name": dimension.name,
            "baseline": baseline.get(dimension.name),
            "value": node.values.get(dimension.name),
            "moved": baseline.get(dimension.name) != node.values.get(dimension.name),
            "unit": dimension.unit,
            "help": dimension.help,
        }
        for dimension in settings.space.dimensions
        if dimension.name in node.values or dimension.name in baseline
    ]
    return {
        "number": node.id,
        "block": best.block,
        "block_count": len(sweep.state.blocks),
        "rows": rows,
        "runs": len(node.scores),
        "selected": None if node.mean is None else settings.objective.value_of_score(node.mean),
        "baseline": None if root is None or root.mean is None else settings.objective.value_of_score(root.mean),
    }


def _unconfirmed(sweep: Sweep) -> str:
    if not sweep.state.confirmations:
        why = "has not ended yet" if not sweep.ended else "ran without a confirmation on fresh seeds"
        return (
            f"Nothing is confirmed: this sweep {why}. The value of the best configuration is the best of many noisy "
            "numbers and flatters it."
        )
    return "No confirmation run has a value, so nothing is confirmed."


def _provenance(sweep: Sweep, when: Timeline) -> str:
    last = "" if when.last is None else f", the last at {_date(when.last)}"
    return f"Derived from {len(sweep.events)} events{last}. Every number on this page can be computed again from them."


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _asset(name: str) -> str:
    return (files("hydra_llm.report") / "assets" / name).read_text(encoding="utf-8")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
