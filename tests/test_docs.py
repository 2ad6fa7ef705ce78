"""The documentation says what the code does: keys with their defaults, states, commands, links."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from hydra_llm.cli.main import COMMANDS
from hydra_llm.keys.sweeper import LLM, SEARCH, STOP, SWEEPER
from hydra_llm.llm.base import JsonSource, Message, Request
from hydra_llm.llm.command_client import CommandClient
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.tokens import IMAGE_TOKENS
from hydra_llm.search.proposers.registry import NAMES
from hydra_llm.search.selection.registry import POLICIES
from hydra_llm.search.statistics.importance import ENOUGH
from hydra_llm.search.trial.trial import TrialState

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """The part of a page below a second-level heading, up to the next one."""
    _, _, rest = page(name).partition(f"\n## {heading}\n")
    assert rest, f"{name} has no section {heading!r}"
    return rest.split("\n## ")[0]


def test_the_sweepers_pages_name_every_state_proposer_selection_and_search_key():
    states = {state.value for state in TrialState} - {TrialState.RUNNING.value}
    proposers, selection = (section("sweeper_proposers.md", name) for name in ("Proposers", "Selection"))
    search_node = section("sweeper_space.md", "A `search` node in the application")
    assert {name for name in states if f"| `{name}` |" not in page("sweeper_failures.md")} == set()
    assert {name for name in ("auto", *NAMES) if f"| `{name}` |" not in proposers} == set()
    assert {name for name in POLICIES if f"`{name}`" not in selection} == set()
    assert {key for key in SEARCH if f"`{key}`" not in search_node} == set()


def test_the_first_page_of_the_sweeper_leads_to_all_its_pages():
    assert {path.name for path in DOCS.glob("sweeper_*.md")} == set(
        re.findall(r"\((sweeper_\w+\.md)\)", page("sweeper.md"))
    )


PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "SUPPORT.md",
    *sorted(f"docs/{path.relative_to(DOCS)}" for path in DOCS.rglob("*.md")),
]


def anchors(path: Path) -> set[str]:
    """Names of a page's headings as the site and the repository's host make them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_links_inside_the_repository_lead_somewhere(name):
    path = ROOT / name
    links = re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", path.read_text(encoding="utf-8"))
    targets = [(path.parent / target if target else path, anchor) for target, anchor in links]
    assert [str(target) for target, _ in targets if not target.exists()] == []
    assert [anchor for target, anchor in targets if anchor and anchor not in anchors(target)] == []


def test_the_readme_is_a_page_that_is_read_in_one_go():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 80


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


def test_the_commands_of_the_llm_page_name_keys_groups_and_commands_that_exist():
    text = "\n".join(blocks(""))
    keys = set(re.findall(r"hydra\.sweeper\.llm\.(\w+)=", text))
    assert len(keys) >= 4
    assert keys <= set(LLM)
    assert set(re.findall(r"hydra/sweeper/llm=(\w+)", text)) <= set(LLM["client"].choices)
    assert set(re.findall(r"hydra\.sweeper\.(\w+)=", text)) <= set(SWEEPER)
    commands = re.findall(r"^hydra-llm (\w+)", text, re.MULTILINE)
    assert commands
    assert set(commands) <= {command.__name__ for command in COMMANDS}


def test_the_smallest_agent_of_the_llm_page_runs_and_declines(tmp_path):
    (agent,) = blocks("python")
    (tmp_path / "agent.py").write_text(agent)
    client = CommandClient([sys.executable, str(tmp_path / "agent.py")])
    answer = client.complete(Request((Message("user", "Which?"),), {"type": "object"}))
    assert answer.parsed is None
    assert "prose" in str(answer.json_error)


def test_the_llm_page_names_every_way_to_fail_and_every_way_json_comes():
    ways = LLM["on_llm_failure"].choices
    assert [word for word in ways if f"`on_llm_failure: {word}`" not in LLM_PAGE and f"`{word}`" not in LLM_PAGE] == []
    assert {source.value for source in JsonSource if f"`{source.value}`" not in LLM_PAGE} == {"none"}
    assert f"{IMAGE_TOKENS:,} tokens" in LLM_PAGE
    assert f"fewer than {ENOUGH} scored" in LLM_PAGE
