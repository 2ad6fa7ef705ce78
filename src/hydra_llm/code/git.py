"""git, asked about one folder and nothing around it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from hydra_llm.code.errors import CodeError

TIMEOUT_S = 60.0
# The settings of a person (signing, hooks, names) are not those of a sweep; GIT_DIR would name another repository.
_QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def git(folder: Path, *arguments: str, text: str | None = None, extra: Mapping[str, str] | None = None) -> str:
    """What git says. text: its standard input. Raises CodeError with git's own sentence, or one on git itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            input=None if text is None else text.encode(),
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env={**kept, **_QUIET, **(extra or {})},
        )
    except FileNotFoundError:
        raise CodeError(
            "There is no program git, which keeps the revisions of a strategy. Install git, or give the path of a file "
            "alone and leave code_evolution out."
        ) from None
    except subprocess.TimeoutExpired:
        raise CodeError(f"git {arguments[0]} did not answer in {TIMEOUT_S:.0f} s in {folder}.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise CodeError(f"git {arguments[0]} failed in {folder}: {(said or ['it said nothing'])[-1]}")
    return done.stdout.decode("utf-8")
