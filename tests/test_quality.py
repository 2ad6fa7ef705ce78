"""Rules of the house that a tool can hold: direction of imports, sizes of files, an open plugin namespace."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "hydra_plugins/hydra_llm_ucb_sweeper"
SOURCES = ("src", "hydra_plugins", "tests", "scripts", "benchmarks")
MOST_LINES = 600
MEDIAN_LINES = 175
SMALL = 5  # lines; an empty __init__.py says nothing about sizes


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts]


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def lint_imports(folder: Path) -> tuple[int, str]:
    """Exit status and report on the packages below `folder`, which needs src/, hydra_plugins/ and pyproject.toml."""
    tool = Path(sys.executable).parent / "lint-imports"
    path = os.pathsep.join([str(folder / "src"), str(folder)])  # ahead of what is installed
    done = subprocess.run(
        [str(tool), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


# ---- direction of imports ----
def test_the_import_contracts_hold():
    status, report = lint_imports(ROOT)
    assert status == 0, report
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert f"{len(contracts)} kept, 0 broken" in report


@pytest.mark.parametrize(
    ("where", "imported", "complaint"),
    [
        ("src/hydra_llm/systems/base.py", "hydra_llm.metrics.gauge", "hydra_llm.systems -> hydra_llm.metrics"),
        ("src/hydra_llm/metrics/gauge.py", "hydra_llm.data.store", "hydra_llm.metrics -> hydra_llm.data"),
        ("src/hydra_llm/llm/base.py", "hydra_llm.search.tree.tree", "hydra_llm.llm -> hydra_llm.search"),
        ("src/hydra_llm/search/tree/tree.py", "torch", "hydra_llm.search -> torch"),
        ("src/hydra_llm/search/tree/tree.py", "omegaconf", "hydra_llm.search -> omegaconf"),
        (
            "src/hydra_llm/training/simulation.py",
            "hydra_llm.search.tree.tree",
            "hydra_llm.training -> hydra_llm.search",
        ),
        (f"{PLUGIN}/config.py", "hydra_llm.systems.base", "hydra_plugins.hydra_llm_ucb_sweeper -> hydra_llm.systems"),
        ("src/hydra_llm/sweeper/spec.py", "hydra_llm.systems.base", "hydra_llm.sweeper -> hydra_llm.systems"),
        (
            "src/hydra_llm/sweeper/options.py",
            "hydra_plugins.hydra_llm_ucb_sweeper.config",
            "hydra_llm.sweeper -> hydra_plugins.hydra_llm_ucb_sweeper",
        ),
        ("src/hydra_llm/keys/key.py", "omegaconf", "hydra_llm.keys -> omegaconf"),
    ],
)
def test_an_import_against_the_direction_is_reported(where, imported, complaint, tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copytree(ROOT / "hydra_plugins", tmp_path / "hydra_plugins")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / where
    planted.write_text(f"{planted.read_text()}\nimport {imported}\n")
    status, report = lint_imports(tmp_path)
    assert status == 1, report
    assert "{} is not allowed to import {}:".format(*complaint.split(" -> ")) in report, report


def test_every_test_file_has_a_name_of_its_own():
    """Pytest imports them by their last name: of two that share it, it collects one."""
    names = [path.name for path in python_files("tests") if path.name.startswith("test_")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_the_plugin_namespace_stays_open():
    """An __init__.py there would hide every other Hydra plugin of the environment."""
    assert not (ROOT / "hydra_plugins" / "__init__.py").exists()


# ---- sizes ----
def test_no_file_is_longer_than_600_lines():
    long = {str(p.relative_to(ROOT)): lines_of(p) for p in python_files(*SOURCES) if lines_of(p) > MOST_LINES}
    assert long == {}


def test_half_of_the_files_are_small():
    sizes = [size for path in python_files("src", "hydra_plugins") if (size := lines_of(path)) > SMALL]
    assert statistics.median(sizes) <= MEDIAN_LINES


# ---- versions ----
def test_every_direct_dependency_has_a_tested_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    names = {name_of(text) for text in wanted} - {"hydra-llm"}
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {name_of(line) for line in pins if re.fullmatch(r"[\w.-]+==[\w.]+", line)}
    assert names - pinned == set()


def test_constraints_hold_versions_and_nothing_local():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert any("==" in line for line in lines)
    for line in lines:
        assert line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.]+", line), line


def name_of(requirement: str) -> str:
    """The normalised name of a distribution at the start of a requirement."""
    match = re.match(r"[\w.-]+", requirement)
    assert match is not None, requirement
    return re.sub(r"[-_.]+", "-", match.group()).lower()


# ---- wording ----
def test_no_source_file_promises_later_work():
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
    found = [str(p.relative_to(ROOT)) for p in python_files(*SOURCES) if marks.search(p.read_text(encoding="utf-8"))]
    assert found == []
