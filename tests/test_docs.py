"""The documentation says what the code does: keys with their defaults, states, commands, links."""

import re
from pathlib import Path

import pytest
import yaml

from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.proposers.registry import NAMES
from hydra_llm.search.selection.registry import POLICIES
from hydra_llm.search.trial import TrialState
from hydra_plugins.hydra_llm_ucb_sweeper._application import SEARCH_KEYS
from hydra_plugins.hydra_llm_ucb_sweeper.config import STOP, SWEEPER

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "sweeper.md").read_text(encoding="utf-8")
GROUPS = ("defaults", "_target_")


def section(start: str, end: str) -> str:
    return PAGE[PAGE.index(start) : PAGE.index(end)]


def table(text: str) -> dict[str, object]:
    """Rows `| key | default | ...` of a part of the page, the default as YAML reads it."""
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", text, re.MULTILINE)
    return {key: yaml.safe_load(default) for key, default in rows}


def test_the_page_lists_every_key_of_the_sweeper_with_its_default():
    wanted = {key: value for key, value in SWEEPER.items() if key not in GROUPS}
    assert table(section("## Keys", "`hydra.sweeper.stop.*`")) == wanted


def test_the_page_lists_every_stopping_rule():
    assert table(section("`hydra.sweeper.stop.*`", "`hydra.sweeper.llm.*`")) == STOP


def test_the_page_lists_every_key_of_the_language_model_with_its_default():
    assert table(section("`hydra.sweeper.llm.*`", "## How a trial can end")) == LlmSettings().as_dict()


def test_the_page_names_every_state_proposer_selection_and_search_key():
    states = {state.value for state in TrialState} - {TrialState.RUNNING.value}
    assert {name for name in states if f"| `{name}` |" not in PAGE} == set()
    assert {
        name for name in ("auto", *NAMES) if f"| `{name}` |" not in section("### Proposers", "### Selection")
    } == set()
    assert {name for name in POLICIES if f"`{name}`" not in section("### Selection", "## Keys")} == set()
    assert {key for key in SEARCH_KEYS if f"`{key}`" not in section("### A `search` node", "### Confirmation")} == set()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/sweeper.md"])
def test_links_inside_the_repository_lead_somewhere(page):
    path = ROOT / page
    targets = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_readme_lists_every_regime_and_no_other():
    regimes = {path.stem for path in (ROOT / "conf" / "simulation").glob("*.yaml")}
    listed = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == regimes


def test_make_has_every_target_that_the_documents_name():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        code = re.findall(r"(?:`|^)make ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert set(code) - targets == set(), page
        assert code, page
