"""A person between a proposal of code and its launch: a diff in a folder, and a file beside it as the answer.

<sweep>/code/review/r3.diff      written by the sweep
<sweep>/code/review/r3.accept    put there by a person; or r3.reject, whose text is the reason
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hydra_llm.code.workspace import Workspace

log = logging.getLogger(__name__)


def show(workspace: Workspace, name: str, parent: str, revision: str) -> None:
    folder = workspace.folder / "review"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.diff"
    path.write_text(f"{workspace.message(revision)}\n\n{workspace.diff(parent, revision)}", encoding="utf-8")
    log.info("Code waits for a person: %s. Put %s.accept or %s.reject beside it.", path, name, name)


def decisions(workspace: Workspace, waiting: Sequence[str]) -> list[tuple[str, bool, str]]:
    """(name, accepted, reason) of the revisions that a person has decided on."""
    folder, found = workspace.folder / "review", []
    for name in waiting:
        for suffix, accepted in (("reject", False), ("accept", True)):
            path = folder / f"{name}.{suffix}"
            if path.is_file():
                reason = " ".join(path.read_text(encoding="utf-8", errors="replace").split())[:400]
                found.append((name, accepted, reason))
                break
    return found
