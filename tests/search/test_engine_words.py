"""The engine knows no science: what metrics and parameters of a family mean is declared in conf/search."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ENGINE = ("src/hydra_llm/search", "src/hydra_llm/sweeper", "hydra_plugins")
SCIENCE = (
    *("neuron", "synap", "connectivity", "connectome", "calcium", "retina", "flyvis", "metabol", "stoichiom"),
    *("rate_constant", "V_rest", "data_augmentation", "training_time", "spectral_radius", "pearson", "slope_ratio"),
    *("learning_rate_W", "cluster_acc", "activity_rank", "effective_rank"),
)
WORD = re.compile("|".join(map(re.escape, SCIENCE)), re.IGNORECASE)


def declared(search: dict[str, Any]) -> set[str]:
    """Names of metrics in a shipped search, those of one word left out, which may be anybody's."""
    meaning = search.get("meaning") or {}
    spread = [meaning.get("complexity", []), search.get("show") or [], (search.get("collapse") or {}).get("when", {})]
    names = {
        search.get("metric"),
        meaning.get("predicts"),
        meaning.get("minutes"),
        *(n for some in spread for n in some),
    }
    return {name for name in names if name and "_" in name}


def engine_files() -> list[Path]:
    return [path for folder in ENGINE for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_engine_module_names_what_belongs_to_a_family():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in engine_files()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if WORD.search(line)
    ]
    assert found == []


def test_no_engine_module_names_a_metric_of_a_shipped_search():
    searches = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "conf/search").glob("*.yaml"))]
    names = set().union(*map(declared, searches))
    assert {"training_time_min", "connectivity_R2", "val_pearson"} <= names, "the searches are not read"
    own = re.compile(r"\b(" + "|".join(map(re.escape, sorted(names))) + r")\b")
    found = {path.name: own.findall(path.read_text()) for path in engine_files()}
    assert {name: words for name, words in found.items() if words} == {}
