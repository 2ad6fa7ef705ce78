"""The questions for code: a new idea, or a repair. What a model reads besides is data, between marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hydra_llm.llm.base import Message, Request
from hydra_llm.search.evolution.answer import CANNOT_FIX, schema
from hydra_llm.search.evolution.settings import BASE
from hydra_llm.search.log.code_state import CodeState
from hydra_llm.search.log.state import SweepState
from hydra_llm.search.proposers.llm.prompt_text import fence
from hydra_llm.search.records.revisions import RevisionEvidence, evidence
from hydra_llm.search.trial.trial import Trial

MOST_PARENTS = 3
MOST_HISTORY = 12
MOST_ERROR = 3000  # characters of a traceback
RULES = """You improve one small Python file of an experiment: what a fit minimises. Rules:
- One class, built without arguments, with the methods that the present file has, under the same names and arguments.
- Imports: torch, numpy, math and modules of the standard library without files, processes or network.
- No files, network, processes, environment, private names, getattr, eval; no assignment to anything but self.
- Only what the arguments hand over: no truth, label, metric, checkpoint or simulation. The loss stays a finite scalar
  that carries a gradient.
- One idea per answer. Change as little as the idea needs. Joining what two of the programs do is an idea too.
Answer with one JSON object: parent (the trial whose code and parameters you start from), hypothesis (one sentence that
a trial can refute), rationale (why, in a few sentences), and either edits (search: lines that stand exactly once in the
code, copied with their indentation; replace) or file (the whole new text); the other one empty or null."""


@dataclass(frozen=True)
class Start:
    """A trial that an idea may start from, with its code."""

    trial: Trial
    name: str
    text: str


def for_idea(state: SweepState, starts: Sequence[Start]) -> Request:
    """For a new idea, from one of `starts`, the best first."""
    objective = state.objective
    known = "\n".join(_line(state, seen) for seen in evidence(state)[-MOST_HISTORY:])
    refused = "\n".join(f"- {reason}" for reason in list(state.code.forbidden.values())[-MOST_HISTORY:])
    parts = [
        f"The objective is to {objective.direction} {objective.name}.",
        "Trials that an idea may start from, the best first:",
        *(f"trial {s.trial.number}: {objective.name} {_value(s.trial)}, revision {s.name}" for s in starts),
    ]
    shown: set[str] = set()
    for start in starts:
        if start.name not in shown:
            parts += [fence(start.text, f"code of revision {start.name}")]
            shown.add(start.name)
    parts += ["What was tried:", fence(known or "(nothing yet)", "revisions and what became of them")]
    if refused:
        parts += ["Never to be tried again:", fence(refused, "reasons")]
    parts.append("Propose one change of the code. give_up is null.")
    return _request("\n\n".join(parts), [start.trial.number for start in starts])


def for_repair(state: SweepState, trial: Trial, name: str, diff: str, error: str, left: int) -> Request:
    """For a repair of the revision `name`, which crashed in `trial`."""
    revision = state.code.revisions[name]
    parts = [
        f"Trial {trial.number} crashed in the code of revision {name}. Mend it, keep its idea: {revision.hypothesis}",
        fence(revision.text, f"code of revision {name}"),
        fence(diff, "its change against the revision that it was made of"),
        fence(error[-MOST_ERROR:], "the error"),
        f"Repairs left, this one included: {left}. If it cannot be mended, set give_up to {CANNOT_FIX}; edits and file "
        f"stay empty then. Otherwise give_up is null. The parent is {revision.parent}.",
    ]
    return _request("\n\n".join(parts), [revision.parent])


def _request(text: str, parents: Sequence[int]) -> Request:
    return Request((Message("system", RULES), Message("user", text)), schema(parents), schema_name="code")


def _line(state: SweepState, seen: RevisionEvidence) -> str:
    revision = seen.revision
    runs = ", ".join(f"trial {t.number} {t.state} {_value(t)}" for t in seen.trials[:4]) or "not run"
    gave = [
        f"; {where}: {one.change:+.3g} against trial {one.trial} on {one.recordings} recording(s)"
        for where, one in (("the code alone", seen.alone), ("at its best parameters", seen.taken_back))
        if one is not None
    ]
    end = "" if seen.fate in ("ran", "not run") else f"; {seen.fate}"
    return f"{revision.name} (of {revision.made_of}): {revision.hypothesis} -> {runs}{''.join(gave)}{end}"


def _value(trial: Trial) -> str:
    return "without a value" if trial.value is None else f"{trial.value:.5g}"


def code_of(code: CodeState, name: str, first: str) -> str:
    """The text of a revision by its name; `first`: that of the base."""
    return first if name == BASE else code.revisions[name].text
