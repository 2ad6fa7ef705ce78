"""Two figures each of the newest finished trial and of the leader, for a model that can see; bounded in size."""

from __future__ import annotations

import logging
from pathlib import Path

from hydra_llm.job import SKETCHES
from hydra_llm.llm.base import Image
from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm.prompt_text import label
from hydra_llm.search.proposers.llm.shown import is_withheld
from hydra_llm.search.trial.trial import Trial

log = logging.getLogger(__name__)

PER_TRIAL = 2
MAX_BYTES = 2_000_000  # of one figure; larger ones are left out, with a line in the log
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def figures(context: Context, room: int) -> tuple[tuple[Image, ...], int]:
    """PNG files of the newest trial and of the leader's newest run that has any, each trial's two first by name,
    within `room` estimated tokens; and how many of these are left out, for their number or their size.

    A folder `sketches` within a trial's own goes before all other figures, which are looked for two levels deep. Only
    files inside the folder are read; links are not followed, and names that speak of the test split are passed over.
    """
    found: list[Image] = []
    left_out = 0
    for what, trial in _of_interest(context).items():
        paths = _paths(Path(trial.folder or ""))
        left_out += len(paths[PER_TRIAL:])
        for path in paths[:PER_TRIAL]:
            image = _read(path, label(f"{what} trial {trial.number}: {path.stem}"))
            if image is None or image.n_tokens > room:
                left_out += 1
                continue
            room -= image.n_tokens
            found.append(image)
    return tuple(found), left_out


def _of_interest(context: Context) -> dict[str, Trial]:
    """By what each is; a newest trial that leads stands once. The leader is that of the tables."""
    there = {t.number: t for t in context.finished if t.folder and Path(t.folder).is_dir()}
    if not there:
        return {}
    found = {"newest": there[max(there)]}
    leader = context.recordings.leader
    runs = [there[number] for number in leader.trials if number in there] if leader is not None else []
    drawn = [trial for trial in runs if _paths(Path(trial.folder or ""))]
    if drawn and drawn[-1] is not found["newest"]:
        found["leader"] = drawn[-1]
    return found


def _paths(folder: Path) -> list[Path]:
    own = sorted((folder / SKETCHES).glob("*.png"))
    if own:
        return [path for path in own if _is_own(path)]
    others = sorted([*folder.glob("*.png"), *folder.glob("*/*.png")])
    return [path for path in others if _is_own(path) and not is_withheld(path.stem)]


def _is_own(path: Path) -> bool:
    return not path.is_symlink() and not path.parent.is_symlink()


def _read(path: Path, name: str) -> Image | None:
    try:
        if path.stat().st_size > MAX_BYTES:
            log.info("The figure %s is left out of the prompt: it is larger than %d bytes.", path, MAX_BYTES)
            return None
        data = path.read_bytes()
    except OSError as error:
        log.info("The figure %s cannot be read (%s).", path, error.strerror)
        return None
    return Image(name, "image/png", data) if data.startswith(_SIGNATURE) else None
