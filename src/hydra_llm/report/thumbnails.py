"""Figures of the runs as thumbnails inside the page, within a budget; each links to the file beside it.

The best configurations and their lineage come first. A figure beyond the budget is a link only.
"""

from __future__ import annotations

import base64
import io
import logging
from pathlib import Path
from urllib.parse import quote

from hydra_llm.search.log.reader import Sweep

log = logging.getLogger(__name__)

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
PER_TRIAL = 6
SIDE = 260  # pixels of the longer side
QUALITY = 60
BUDGET = 1_400_000  # bytes of base64 in the page


def pictures(sweep: Sweep, budget: int = BUDGET) -> dict[int, list[dict[str, str]]]:
    """Trial number -> entries with `name`, `href` relative to the sweep folder, and `src` (a data URI) within the
    budget.
    """
    found: dict[int, list[dict[str, str]]] = {}
    for number in _in_order(sweep):
        for path in _files(sweep.folder / str(number)):
            relative = path.relative_to(sweep.folder).as_posix()
            entry = {"name": path.stem.replace("_", " "), "href": quote(relative)}
            if budget > 0:
                source = _thumbnail(path)
                if source and len(source) <= budget:
                    entry["src"] = source
                    budget -= len(source)
            found.setdefault(number, []).append(entry)
    return found


def _in_order(sweep: Sweep) -> list[int]:
    state = sweep.state
    best = state.best()
    tree = None if best is None else state.trees[best.block]
    lineage = [] if tree is None or best is None else [n.id for n in tree.lineage(tree.node(best.number))]
    objective = sweep.settings.objective
    by_score = sorted(
        (t for t in state.trials.values() if t.value is not None), key=lambda t: -objective.score(t.value or 0.0)
    )
    return list(dict.fromkeys([*lineage, *(t.number for t in by_score), *state.trials]))


def _files(folder: Path) -> list[Path]:
    places = [folder, folder / "figures"]
    files = [p for place in places if place.is_dir() for p in sorted(place.iterdir()) if p.suffix.lower() in SUFFIXES]
    return files[:PER_TRIAL]


def _thumbnail(path: Path) -> str:
    """A data URI, "" for a file that is no picture."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            small = image.convert("RGB")
            small.thumbnail((SIDE, SIDE))
            buffer = io.BytesIO()
            small.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    except (OSError, ValueError) as error:  # a run may have been killed while it drew
        log.info("%s is left out of the report: %s", path, error)
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
