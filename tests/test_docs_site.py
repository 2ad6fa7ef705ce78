"""The documentation as a site: its generated pages are fresh, its links lead somewhere, its examples run."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from programs import PYTHON, environment, finish

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))


def test_generated_pages_are_as_fresh_as_their_sources():
    pytest.importorskip("hydra")
    import docs_pages

    stale = [path.name for path, text in docs_pages.pages().items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run python scripts/docs_pages.py"


def test_every_page_is_in_the_navigation():
    listed = set(re.findall(r": ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert listed == {
        path.relative_to(ROOT / "docs").as_posix()
        for path in (ROOT / "docs").rglob("*.md")
        if path.parent.name != "decisions" or path.name == "index.md"
    }


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
STATUS = re.compile(
    r"accepted|accepted, supersedes (\d{4})|accepted, superseded in part by (\d{4})|superseded by (\d{4})"
)


@pytest.fixture
def statuses() -> dict[str, str]:
    """Number -> status of every decision."""
    import docs_pages

    heads = [docs_pages.FORM.match(path.read_text(encoding="utf-8")) for path in DECISIONS]
    return {head[1]: head[3] for head in heads if head is not None}


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name[:4])
def test_every_decision_has_the_same_form(path):
    import docs_pages

    text = path.read_text(encoding="utf-8")
    head = docs_pages.FORM.match(text)
    assert head, "a decision begins with '# NNNN: title', an empty line, 'Status: ...', 'Date: YYYY-MM-DD'"
    assert head[1] == path.name[:4]
    assert STATUS.fullmatch(head[3])
    assert "**Choice.**" in text
    assert "**Consequence.**" in text
    assert max(len(line) for line in text.splitlines()) <= 130


def test_no_two_decisions_have_the_same_number():
    numbers = [path.name[:4] for path in DECISIONS]
    assert len(numbers) > 50
    assert len(set(numbers)) == len(numbers)


def test_a_decision_that_another_one_supersedes_says_so(statuses):
    replaced = {old: new for new, status in statuses.items() for old in re.findall(r"supersedes (\d{4})", status)}
    assert replaced
    assert {old: statuses[old] for old in replaced} == {old: f"superseded by {new}" for old, new in replaced.items()}
    named = {number for status in statuses.values() for number in re.findall(r"\d{4}", status)}
    assert named <= set(statuses)


def test_a_decision_that_is_superseded_names_a_later_one_that_is_valid(statuses):
    successor = {old: new for old, status in statuses.items() for new in re.findall(r"superseded.* by (\d{4})", status)}
    assert successor
    assert [pair for pair in successor.items() if pair[1] <= pair[0]] == []
    assert {new for new in successor.values() if not statuses.get(new, "").startswith("accepted")} == set()
    whole = {old: new for old, new in successor.items() if statuses[old].startswith("superseded by")}
    assert {new: statuses[new] for new in whole.values() if "supersedes" not in statuses[new]} == {}


def test_files_that_a_valid_decision_names_exist(statuses):
    roots = [ROOT, ROOT / "src", ROOT / "src" / "hydra_llm"]
    named = [
        (path.name, name)
        for path in DECISIONS
        if not statuses[path.name[:4]].startswith("superseded")
        for name in re.findall(r"`([\w/]+/\w+\.py)`", path.read_text(encoding="utf-8"))
    ]
    assert len(named) > 10
    assert [pair for pair in named if not any((root / pair[1]).exists() for root in roots)] == []


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed")
def test_the_site_builds_without_a_warning(tmp_path):
    words = [PYTHON, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    finish(words, ROOT)
    assert (tmp_path / "site" / "own_regime" / "index.html").exists()


@pytest.fixture
def train(tmp_path):
    """train(*arguments) -> what the run printed; folders of the run below tmp_path."""
    pytest.importorskip("torch", reason="the science extra is not installed")

    def run(*arguments: str) -> str:
        env = environment(PYTHONPATH=str(ROOT / "examples" / "own_regime"))
        return finish([PYTHON, str(ROOT / "train.py"), *arguments, "logger=none"], tmp_path, env).stdout

    return run


@pytest.mark.slow
def test_a_regime_of_another_family_runs_and_recovers_its_matrix(train, tmp_path):
    text = train("--config-dir", str(ROOT / "examples" / "own_regime" / "conf"), "simulation=rotors")
    found = re.search(r"A_R2: ([\d.]+) \(oracle", text)
    assert found
    assert float(found[1]) > 0.99


@pytest.mark.slow
def test_a_regime_that_is_a_yaml_file_runs(train, tmp_path):
    page = (ROOT / "docs" / "own_regime.md").read_text(encoding="utf-8")
    (config,) = re.findall(r"^```yaml\n# conf/simulation/(\w+)\.yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    folder = tmp_path / "conf" / "simulation"
    folder.mkdir(parents=True)
    (folder / f"{config[0]}.yaml").write_text(config[1])
    text = train(
        *("--config-dir", str(tmp_path / "conf"), f"simulation={config[0]}", "simulation.n_frames=1000"),
        *("training.max_steps=50", "training.spline_knots=0", "training.must_beat=[]"),
    )
    assert "connectivity_R2:" in text


@pytest.mark.parametrize("page", ["cli.md", "report.md", "index.md", "tutorial.md"])
def test_every_command_line_names_a_command_that_exists(page):
    from hydra_llm.cli.main import COMMANDS

    known = {command.__name__.replace("_", "-") for command in COMMANDS} | {"COMMAND", "--help", "--install"}
    named = re.findall(r"hydra-llm ([\w-]+)", (ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert {name for name in named if not name.startswith("--")} <= known
