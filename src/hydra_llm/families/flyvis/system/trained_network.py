"""Where the file of a trained network lies: a path, or a published one by its name, as flyvis's own download keeps it.

flyvis is never imported, as in source.py: its download needs its environment, reading its file does not.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from hydra_llm.families.flyvis.system.parameters import CheckpointError
from hydra_llm.families.flyvis.system.source import package_folders

PUBLISHED_NAME = re.compile(r"flow/\d{4}/\d{3}")  # task, ensemble and member of Lappalainen et al. 2024
CHECKPOINT = "best_chkpt"
ROOT = "FLYVIS_ROOT_DIR"  # of flyvis: where it keeps what it downloads
COMMAND = "flyvis download-pretrained --skip_large_files"


def find_trained_network(name: str) -> Path:
    """The file at a path, or that of flow/0000/000 and the like. Raises CheckpointError where flyvis has none."""
    if not PUBLISHED_NAME.fullmatch(name) or Path(name).is_file():
        return Path(name).expanduser()
    places = [root / "results" / name / CHECKPOINT for root in _roots()]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        looked = " and ".join(map(str, places)) or f"no folder, since flyvis is not installed and {ROOT} is not set"
        raise CheckpointError(
            f"simulation.parameters={name} is a published network that is not here (looked in {looked}). Fetch all of "
            f"them once with `{COMMAND}` (`pip install flyvis` brings the command), set {ROOT} where they lie "
            "elsewhere, or give the path of a best_chkpt."
        )
    return found


def _roots() -> Iterator[Path]:
    """Where flyvis keeps its data: the named folder, else `data` in the package or, in a checkout, beside it."""
    named = os.environ.get(ROOT)
    if named:
        yield Path(named).expanduser().absolute()
        return
    for package in package_folders():
        yield (package if package.parent.name == "site-packages" else package.parent) / "data"
