"""Programs in processes of their own, as a person would start them, and the log that a sweep leaves."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PYTHON = sys.executable


def environment(*without: str, **more: str) -> dict[str, str]:
    """That of the tests, on one thread, without a key of a model and the variables in `without`, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if name not in ("OPENAI_API_KEY", *without)}
    return {**kept, "OMP_NUM_THREADS": "1", **more}


def finish(
    words: Sequence[str],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    *,
    expect: int = 0,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """The program at its end, with what it printed. Fails where it ends with another code than expected."""
    env = environment() if env is None else env
    done = subprocess.run(
        words,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,  # nobody is there to answer
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
    assert done.returncode == expect, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def run(words: Sequence[str], cwd: Path | None = None, env: Mapping[str, str] | None = None, **options: Any) -> str:
    """As `finish`: standard output, then standard error."""
    done = finish(words, cwd, env, **options)
    return done.stdout + done.stderr


def imported(code: str, *modules: str) -> list[str]:
    """Those of `modules` that a fresh interpreter has imported when it has run `code`."""
    show = f"\nimport sys; print('imported', *(m for m in {modules} if m in sys.modules))"
    done = subprocess.run([PYTHON, "-c", code + show], capture_output=True, text=True, check=True)
    first, *found = done.stdout.splitlines()[-1].split()
    assert first == "imported", done.stdout
    return found


def events(sweep: Path, kind: str) -> list[dict[str, Any]]:
    """The events of one kind in the log of a sweep, in order."""
    lines = map(json.loads, (sweep / "events.jsonl").read_text().splitlines())
    return [event for event in lines if event["type"] == kind]


def proposed(sweep: Path) -> list[dict[str, Any]]:
    """Every trial that the sweep asked for, in order of its batches."""
    return [trial for event in events(sweep, "asked") for trial in event["trials"]]
