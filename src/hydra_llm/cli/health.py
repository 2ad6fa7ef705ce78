"""What an installation and a sweep folder need to work, looked at one by one. Nothing is changed, and nothing is
sent but one short question to the language model of the sweep.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["ok", "note", "wrong"]  # a note is something that only some people need

SCIENCE = ("torch", "lightning", "torch-geometric", "scipy", "scikit-learn", "wandb")
LAUNCHERS = {"hydra-joblib-launcher": "joblib", "hydra-submitit-launcher": "submitit"}
ROOM_GB = 2.0  # free disk below which a sweep is in danger
QUESTION_S = 60.0


@dataclass(frozen=True)
class Finding:
    """`remedy` is empty when nothing is to be done."""

    verdict: Verdict
    subject: str
    text: str
    remedy: str = ""


def installation() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok" if sys.version_info >= (3, 11) else "wrong", "python", python)
    yield Finding("ok", "hydra-llm", _version("hydra-llm") or "from a folder that is not installed")
    yield Finding("ok", "hydra-core", _version("hydra-core") or "missing")
    yield _plugin()
    absent = [name for name in SCIENCE if _version(name) is None]
    if absent:
        remedy = "pip install 'hydra-llm[science]', if you want train.py and not only the sweeper"
        yield Finding("note", "science", f"without {', '.join(absent)}", remedy)
    else:
        yield Finding("ok", "science", ", ".join(f"{name} {_version(name)}" for name in SCIENCE[:3]))
        yield _devices()
    for package, extra in LAUNCHERS.items():
        found = _version(package)
        remedy = "" if found else f"pip install 'hydra-llm[{extra}]'"
        yield Finding("ok" if found else "note", f"{extra} launcher", found or "not installed", remedy)
    yield _slurm()


def surroundings(folder: Path) -> Iterator[Finding]:
    """Keys, logins and room; no value of a key is shown."""
    mode = os.environ.get("WANDB_MODE", "")
    login = bool(os.environ.get("WANDB_API_KEY")) or (Path.home() / ".netrc").exists()
    text = f"WANDB_MODE={mode}" if mode else "logged in" if login else "no login: runs are logged offline"
    yield Finding("ok" if login or mode else "note", "W&B", text, "" if login or mode else "wandb login")
    free = shutil.disk_usage(folder).free / 2**30
    verdict: Verdict = "ok" if free >= ROOM_GB else "wrong"
    yield Finding(verdict, "disk", f"{free:.1f} GiB free at {folder.resolve()}", "" if verdict == "ok" else "make room")


def language_model(folder: Path, changes: Mapping[str, Any]) -> Finding:
    """The model of the sweep in the folder, or of settings that were given: does it answer? Without either, whether one
    could be asked.
    """
    from hydra_llm.llm.factory import CLIENTS, can_be_asked, make_client
    from hydra_llm.llm.first_question import ask_first
    from hydra_llm.report.errors import RepeatError
    from hydra_llm.report.recorded_model import recorded_model, sweeper_node

    what = "language model"
    try:
        node = sweeper_node(folder)
        client = (node.get("llm") or {}).get("client") or "openai"
        if not isinstance(client, str) or client not in CLIENTS:
            return Finding("ok", what, "a client of your own: not asked")
        settings = recorded_model(folder, {**changes, "transcript": "live"})
        configured, why = can_be_asked(settings)
        if not configured:
            remedy = "export a key, or set hydra.sweeper.llm.base_url for a server of your own"
            return Finding("note", what, f"{why}: a Gaussian process proposes", remedy)
        if not changes and node.get("proposer", "") not in ("auto", "llm"):
            text = f"the sweep's proposer is {node['proposer']}" if node else f"{why}; no sweep here names a model"
            return Finding("ok", what, f"{text}: not asked")
        reply = ask_first(make_client(settings))
    except (RepeatError, ValueError) as error:
        return Finding("wrong", what, str(error), "mend hydra.sweeper.llm")
    if reply is None:
        return Finding("ok", what, f"{why}; a client of this kind is not asked")
    if reply.problem:
        return Finding("wrong", what, reply.problem, "mend hydra.sweeper.llm, or the server")
    return Finding("ok", what, reply.line)


def sweep(folder: Path) -> Iterator[Finding]:
    """A sweep folder: does its log read, does anybody hold it, what runs."""
    from hydra_llm.search.log.event_log import EventLogError
    from hydra_llm.search.log.lock import holder
    from hydra_llm.search.log.reader import NoSweepError, read_sweep

    try:
        found = read_sweep(folder)
    except NoSweepError:
        return
    except EventLogError as error:
        yield Finding("wrong", "sweep", str(error), "restore events.jsonl from a copy")
        return
    trials, running = found.state.search_trials(), found.state.running
    failed = sum(trial.state.is_bad for trial in trials)
    yield Finding("ok", "sweep", f"{len(found.events)} events, {len(trials)} search trials, {failed} failed")
    owner = holder(folder)
    if owner:
        yield Finding("ok", "sweeper", f"process {owner} works on it")
    elif found.ended:
        yield Finding("ok", "sweeper", f"ended: {found.ended}")
    else:
        remedy = "type the command of the sweep again; it is in the first lines of its log"
        yield Finding("note", "sweeper", f"interrupted, {len(running)} trials in flight", remedy)


def _plugin() -> Finding:
    """Discovery happens in a process of its own, as in any Hydra application."""
    code = (
        "from hydra.core.plugins import Plugins; from hydra.plugins.sweeper import Sweeper;"
        "print(any(c.__name__ == 'LlmUcbSweeper' for c in Plugins.instance().discover(Sweeper)))"
    )
    found = _python(code)
    if found == "True":
        return Finding("ok", "sweeper plugin", "Hydra finds it")
    remedy = "install with pip; an editable install needs hatchling, which pyproject.toml names"
    return Finding("wrong", "sweeper plugin", "Hydra does not find hydra/sweeper=llm_ucb", remedy)


def _devices() -> Finding:
    code = "import torch; n=torch.cuda.device_count(); print(torch.cuda.get_device_name(0) if n else '', n)"
    found = (_python(code) or "").rsplit(" ", 1)
    if len(found) == 2 and found[1] not in ("", "0"):
        return Finding("ok", "GPU", f"{found[1]} x {found[0]}")
    return Finding("note", "GPU", f"none; {os.cpu_count()} processor cores")


def _slurm() -> Finding:
    if shutil.which("sbatch") is None:
        return Finding("note", "SLURM", "no sbatch here")
    answers = {name: _ask([name, *words]) for name, words in (("sinfo", ["-h"]), ("sacct", ["-n", "-X", "-S", "now"]))}
    if not answers["sinfo"]:
        return Finding(
            "note", "SLURM", "installed, and sinfo does not answer", "look at SLURM_CONF and slurmctld, if you want it"
        )
    return Finding(
        "ok", "SLURM", "with accounting" if answers["sacct"] else "without accounting; the sweeper asks squeue"
    )


def _python(code: str) -> str | None:
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, timeout=QUESTION_S, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _ask(words: list[str]) -> bool:
    try:
        return subprocess.run(words, capture_output=True, timeout=QUESTION_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
