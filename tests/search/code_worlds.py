"""A sweep in memory that may change its code: the score of a number, computed by the code of the trial."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra_llm.code.source import Source
from hydra_llm.code.workspace import Workspace
from hydra_llm.llm.base import Request
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.search.evolution.author import Author
from hydra_llm.search.evolution.evolution import Evolution
from hydra_llm.search.evolution.reviewer import NoReviewer, Reviewer
from hydra_llm.search.evolution.settings import BASE, NAMES, CodeSettings
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Float, Revision, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, from_result
from hydra_llm.search.trial.trial import TrialError, TrialState

FIRST = "class Score:\n    def value(self, x):\n        return 1.0 - (x - 0.3) ** 2\n"
BETTER = FIRST.replace("1.0", "2.0")
BEST = FIRST.replace("1.0", "3.0")
CRASHES = FIRST.replace("1.0 - (x - 0.3) ** 2", "x.nothing")
SPACE = Space(
    (Float(name="x", low=0.0, high=1.0, default=0.8), Revision(name="code", choices=(BASE, *NAMES), default=BASE))
)


def idea(text: str, parent: int = 0, hypothesis: str = "It is better.", **more: Any) -> dict[str, Any]:
    return {"parent": parent, "hypothesis": hypothesis, "rationale": "Because.", "file": text, **more}


def on_best(text: str) -> Callable[[Request], dict[str, Any]]:
    """An idea that starts from the best trial of the question."""
    return lambda request: idea(text, parent=(request.schema or {})["properties"]["parent"]["enum"][0])


def code_study(
    folder: Path,
    answers: list[Any],
    reviewer: Reviewer | None = None,
    *,
    every: int | None = 2,
    when: tuple[str, ...] = (),
    protocol: str = "",
    **more: Any,
) -> Study:
    """A study in `folder` whose model gives these answers, some as functions of the request; an idea after every two
    trials, or by rules.
    """
    workspace = Workspace.open(folder, "score.py", FIRST)
    settings = CodeSettings("code", "", every, max_repairs=3, test_seconds=30.0, test_megabytes=2000, when=when)
    script = (answer if callable(answer) else json.dumps(answer) for answer in answers)
    author = Author(settings, workspace, ScriptedClient(script), reviewer or NoReviewer(), lambda: 0.0)
    wanted = {"space": SPACE, "objective": Objective("score"), "n_trials": 6, "n_parallel": 1, "seed": 0, **more}
    policy, proposer = make_policy("puct_rank", None), make_proposer("rules", {})
    evolution = Evolution(author)
    return Study(folder, Settings(**wanted), policy, proposer, argv=["t"], protocol=protocol, evolution=evolution)


def run(study: Study, noise: float = 0.0) -> Study:
    """To its end; the noise depends on the seeds alone. The code runs here: it is ours."""
    base = Workspace.found(study.folder)
    while not study.is_over and not study.must_stop:
        for trial in study.launched(study.ask(study.settings.n_parallel)):
            source = base.source(base.resolved(str(trial.values["code"])))
            shift = random.Random(trial.seeds.get("seed", 0)).gauss(0.0, noise)
            study.tell(trial.number, _outcome(study, source, trial.values["x"], shift))
    return study


def _outcome(study: Study, source: Source, x: float, shift: float) -> Outcome:
    try:
        value = source.module().Score().value(x)
    except AttributeError as error:
        traceback = f"File {source}, line 3"
        return Outcome(TrialState.FAILED, error=TrialError("AttributeError", str(error), traceback))
    return from_result({"score": value + shift}, study.settings.objective)
