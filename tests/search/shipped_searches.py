"""The search configs that are shipped, as written, with what they take over from another one."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

FOLDER = Path(__file__).parents[2] / "conf" / "search"
SEARCHES = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "schema")


def search(name: str) -> Any:
    found = OmegaConf.load(FOLDER / f"{name}.yaml")
    base = next((item for item in found.get("defaults", []) if item not in ("schema", "_self_")), None)
    return found if base is None else OmegaConf.merge(search(base), found)
