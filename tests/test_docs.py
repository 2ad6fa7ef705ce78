"""The documentation says what the code does: keys with their defaults, states, commands, links."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from hydra_llm.llm.base import JsonSource, Message, Request
from hydra_llm.llm.command_client import CommandClient
from hydra_llm.llm.settings import CLIENTS, ON_FAILURE, LlmSettings
from hydra_llm.llm.tokens import IMAGE_TOKENS
from hydra_llm.search.proposers.registry import NAMES
from hydra_llm.search.selection.registry import POLICIES
from hydra_llm.search.statistics.importance import ENOUGH
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.application import SEARCH_KEYS
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


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/sweeper.md", "docs/llm.md", "docs/report.md"])
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


# ---- docs/llm.md ----

LLM_PAGE = (ROOT / "docs" / "llm.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", LLM_PAGE, re.MULTILINE | re.DOTALL)
    return [text for word, text in fences if word == kind]


def test_the_configs_of_the_llm_page_are_accepted():
    found = [yaml.safe_load(text)["hydra"]["sweeper"] for text in blocks("yaml")]
    assert len(found) >= 2
    for sweeper in found:
        LlmSettings.of(sweeper["llm"])
        assert set(sweeper.get("stop", {})) <= set(STOP)
        assert set(sweeper) <= set(SWEEPER) | {"llm", "stop"}


def test_the_commands_of_the_llm_page_name_keys_groups_and_modules_that_exist():
    text = "\n".join(blocks(""))
    keys = set(re.findall(r"hydra\.sweeper\.llm\.(\w+)=", text))
    assert len(keys) >= 4
    assert keys <= set(LlmSettings().as_dict())
    assert set(re.findall(r"hydra/sweeper/llm=(\w+)", text)) <= set(CLIENTS)
    assert set(re.findall(r"hydra\.sweeper\.(\w+)=", text)) <= set(SWEEPER)
    assert set(re.findall(r"python -m ([\w.]+)", text)) == {"hydra_llm.report.repeatability.repeat"}


def test_the_smallest_agent_of_the_llm_page_runs_and_declines(tmp_path):
    (agent,) = blocks("python")
    (tmp_path / "agent.py").write_text(agent)
    client = CommandClient([sys.executable, str(tmp_path / "agent.py")])
    answer = client.complete(Request((Message("user", "Which?"),), {"type": "object"}))
    assert answer.parsed is None
    assert "prose" in str(answer.json_error)


def test_the_llm_page_names_every_way_to_fail_and_every_way_json_comes():
    assert {
        word for word in ON_FAILURE if f"`on_llm_failure: {word}`" not in LLM_PAGE and f"`{word}`" not in LLM_PAGE
    } == set()
    assert {source.value for source in JsonSource if f"`{source.value}`" not in LLM_PAGE} == {"none"}
    assert f"{IMAGE_TOKENS:,} tokens" in LLM_PAGE
    assert f"fewer than {ENOUGH} scored" in LLM_PAGE
