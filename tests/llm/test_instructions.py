"""Instruction files are found wherever the program starts, in a checkout as in an installed package."""

import re

import pytest

from hydra_llm.llm.instructions import instruction_names, instruction_path, instruction_text, instructions_folder
from hydra_llm.search.protocol_text import MAX_RULES_CHARS, Protocol
from programs import PYTHON, environment, finish

GENERIC_PARTS = ["Goal", "Parent", "Strategies", "Blocks", "Memory"]
FAMILY_PARTS = [
    *("Goal", "Context", "Metrics", "Parameters", "Strategies", "Blocks", "Log", "Memory"),  # an addendum has no more
]


def test_packaged_names_are_found_from_any_working_directory(tmp_path):
    code = "from hydra_llm.llm.instructions import instruction_names; print(instruction_names())"
    printed = finish([PYTHON, "-c", code], tmp_path, environment("PYTHONPATH")).stdout
    assert "'signal'" in printed
    assert "_response" not in printed, "parts of the prompt are no protocols"


def test_package_data_comes_before_a_checkout(tmp_path):
    wheel = tmp_path / "hydra_llm" / "instructions"
    wheel.mkdir(parents=True)
    (wheel / "_response.md").write_text("packaged")
    assert instructions_folder((wheel, instructions_folder())) == wheel


def test_a_folder_of_that_name_that_is_not_ours_is_passed_over(tmp_path):
    (tmp_path / "instructions").mkdir()
    assert instructions_folder((tmp_path / "instructions", instructions_folder())) == instructions_folder()
    with pytest.raises(FileNotFoundError, match="Reinstall"):
        instructions_folder((tmp_path / "instructions",))


def test_a_file_of_ones_own_is_given_by_its_absolute_path(tmp_path):
    own = tmp_path / "mine.md"
    own.write_text("my protocol")
    assert instruction_text(str(own)) == "my protocol"
    with pytest.raises(
        FileNotFoundError, match=r"instructions must be an absolute path or a packaged name, got mine.md"
    ):
        instruction_path("mine.md")
    with pytest.raises(FileNotFoundError, match="no instruction file"):
        instruction_path(str(tmp_path / "other.md"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(FileNotFoundError, match=r"Packaged: .*generic.*signal"):
        instruction_path("signl")
    assert {"generic", "signal"} <= set(instruction_names())


@pytest.mark.parametrize("name", instruction_names())
def test_every_protocol_has_its_parts_in_order_and_rules_that_may_be_edited(name):
    text = instruction_text(name)
    heads = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    wanted = GENERIC_PARTS if name == "generic" else FAMILY_PARTS
    assert [head for head in heads if head in wanted] == wanted, (
        f"{name}.md lacks one of {wanted}, or has them mixed up"
    )
    rules = Protocol.parse(text).rules
    assert "| condition | strategy | action |" in rules
    assert "| default | exploit" in rules
    assert len(rules) < MAX_RULES_CHARS / 1.2, "an edit needs room to add a rule"
    strategies = text[text.index("## Strategies") : text.index("## ", text.index("## Strategies") + 3)]
    assert rules in strategies


@pytest.mark.parametrize("name", [name for name in instruction_names() if name != "generic"])
def test_a_familys_protocol_names_thresholds_classes_and_duties(name):
    text = instruction_text(name).lower()
    for word in ("converged", "partial", "failed", "observation:", "next:", "marker", "summar", "reason"):
        assert word in text, f"{name}.md does not speak of {word!r}"


@pytest.mark.parametrize("name", instruction_names())
def test_what_a_protocol_asks_of_figures_it_asks_only_where_some_are_sent(name):
    paragraphs = re.split(r"\n\n|\n(?=    \w)", instruction_text(name))
    asking = [" ".join(text.split()) for text in paragraphs if re.search(r"\bfigures? |\bsaw\b|Visual:", text)]
    unconditional = [
        text for text in asking if not re.search(r"where (some|one|figures|none) (are|was|were) ", text, re.I)
    ]
    assert unconditional == []
