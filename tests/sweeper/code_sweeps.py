"""Sweeps of tests/sweeper/code_app, whose model is a script: a JSON file with the answers in order."""

import json
from pathlib import Path
from typing import Any

import programs
from programs import PYTHON, run

APP = Path(__file__).parent / "code_app"
CLIENT = """
import json, sys
from pathlib import Path
from hydra_llm import Client, Unavailable, answer_from_text

FOLDER = Path(__file__).parent

class Script(Client):
    "The answers of answers.json in order, across sessions; every question is kept."

    @property
    def model(self):
        return "script"

    def complete(self, request, on_text=None):
        asked = FOLDER / "asked.jsonl"
        number = len(asked.read_text().splitlines()) if asked.exists() else 0
        answers = json.loads((FOLDER / "answers.json").read_text())
        with asked.open("a") as file:
            file.write(json.dumps([message.text for message in request.messages]) + "\\n")
        if number >= len(answers):
            raise Unavailable("The script has ended.")
        if answers[number] == "KILL":
            import os, signal
            os.kill(os.getpid(), signal.SIGKILL)
        answer = answers[number]
        if answer["parent"] is None:
            answer["parent"] = request.schema["properties"]["parent"]["enum"][0]
        return answer_from_text(json.dumps(answer), request, self.model)
"""


def idea(text: str, parent: int | None = 0, hypothesis: str = "It is better.", **more: Any) -> dict[str, Any]:
    """parent: None takes the best trial of the question."""
    return {"parent": parent, "hypothesis": hypothesis, "rationale": "Because.", "file": text, **more}


def edit(search: str, replace: str, parent: int = 0) -> dict[str, Any]:
    answer = idea("", parent)
    return {**answer, "file": None, "edits": [{"search": search, "replace": replace}]}


def command(folder: Path, *overrides: str) -> list[str]:
    (folder / "script_client.py").write_text(CLIENT)
    fixed = [
        f"hydra.sweep.dir={folder / 'sweep'}",
        f"hydra.sweeper.code.path={APP / 'score.py'}",
        "hydra.sweeper.code_evolution.enabled=true",
        "hydra.sweeper.code_evolution.every=2",
        "hydra.sweeper.llm.client=script_client.Script",
        "hydra.sweeper.proposer=random",
        "hydra.sweeper.confirm.n_seeds=0",
    ]
    return [PYTHON, str(APP / "app.py"), "-m", "hydra/sweeper=llm_ucb", *fixed, *overrides]


def sweep(folder: Path, answers: list[Any] | None, *overrides: str, expect: int = 0) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    if answers is not None:
        (folder / "answers.json").write_text(json.dumps(answers))
    return run(command(folder, *overrides), folder, expect=expect, env=programs.environment(PYTHONPATH=str(folder)))


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    return programs.events(folder / "sweep", kind)


def questions(folder: Path) -> list[str]:
    """The last message of every question that reached the model."""
    return [json.loads(line)[-1] for line in (folder / "asked.jsonl").read_text().splitlines()]


def code_trials(folder: Path) -> list[tuple[int, str, str]]:
    """(number, revision, state) of the trials that run a revision of the sweep's own, in order of number."""
    told = {event["number"]: event["state"] for event in events(folder, "told")}
    asked = [trial for event in events(folder, "asked") for trial in event["trials"]]
    names = {trial["number"]: trial["proposal"]["values"]["score"] for trial in asked}
    return [(number, name, told.get(number, "")) for number, name in sorted(names.items()) if name != "base"]
