"""memory.md: what is in it, what is shortened, and the written memory that a study starts from."""

import pytest
from search_worlds import bowl, open_study, run_study, settings

from hydra_llm.llm.instructions import instruction_names, memory_text
from hydra_llm.search.context import Thresholds
from hydra_llm.search.log.events import MemoryEdit, StartMemorySource
from hydra_llm.search.log.memory_entries import MemoryEntry
from hydra_llm.search.log.start_memory import MAX_LINES, parse, shortened
from hydra_llm.search.memory.evidence import Evidence, Pooled
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.records.memory_text import LIMIT, entry_line, established
from hydra_llm.search.records.memory_text import memory_text as rendered
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.space.space import Categorical, Space
from hydra_llm.search.statistics.claims import Claim
from hydra_llm.search.study import Study

REGIMES = Space((Categorical(name="app.kind", choices=("calm", "rough"), default="calm"),))
BLOCKED = settings(n_trials=24, n_iter_block=12, block_space=REGIMES, thresholds=Thresholds(), seed_keys=("seed",))

START = """# Working memory of phase 2

## Context
Earlier runs read labels; their numbers do not count.

## What was learned
- the signal is weak

## Key open problem
- Embeddings need
  an output that differs.

## Established principles
- No labels in training.
1. Slow rates fail.

## Block 1 plan
- amplify first
"""


def edit(section, text, block=1, **fields):
    base = {"action": "add", "entry": None, "trials": (), "claim": None, "by": "llm", "number": 5}
    return MemoryEdit(section=section, text=text, block=block, **{**base, **fields})


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    found = open_study(tmp_path_factory.mktemp("sweep"), BLOCKED)
    run_study(found)
    for event in (
        edit("tentative", "Depth near 7 is best.", claim=Claim("depth", "up", "better", high=7.0)),
        edit("falsified", "Net a is best."),
        edit("open question", "Why 7?"),
        edit("block summary", "Calm is easy."),
        edit("tentative", "Only in block 2.", block=2),
    ):
        found.state.apply(event)
    return found


def test_the_sections_of_the_source_are_there_in_their_order(study):
    text = rendered(study.state, BLOCKED, 2)
    heads = [line for line in text.splitlines() if line.startswith("#")]
    wanted = ["# Working memory", "## Knowledge base", "### Regimes", "### Established principles"]
    wanted += ["### Tentative hypotheses", "### Falsified hypotheses", "### Open questions", "## Previous block"]
    wanted += ["## Current block", "### Best configurations", "### Variance estimates", "### Iterations"]
    assert heads == wanted


def test_the_table_of_regimes_compares_the_blocks(study):
    rows = [line for line in rendered(study.state, BLOCKED, 2).splitlines() if line.startswith(("| 1 |", "| 2 |"))]
    assert len(rows) == 2
    assert "kind=calm" in rows[1]
    assert "Calm is easy." in rows[1]
    assert "converged" in rows[0]


def test_a_block_that_sets_nothing_is_as_configured_whatever_the_application_does(tmp_path):
    study = open_study(tmp_path, settings(n_trials=3))
    run_study(study)
    text = rendered(study.state, study.settings, 1)
    assert "iteration 3 of 3; regime as configured" in text
    assert "simulation" not in text


def test_an_entry_shows_its_name_trials_effect_and_author(study):
    text = rendered(study.state, BLOCKED, 2)
    line = next(line for line in text.splitlines() if "Depth near 7" in line)
    assert line.startswith("- P1: ")
    assert "claim: depth up from 7 or below: better" in line
    assert "by llm before trial 5" in line
    assert "no trial tests it" in line or "effect" in line


def test_near_a_declared_ceiling_an_entry_shows_what_it_does_to_the_distance():
    entry = MemoryEntry("P1", "principle", "Deeper is better.", (), None, "tentative", "llm", 5, 1)
    found = Evidence("established", effect=1.7, interval=(-2.4, 5.8), on_scale=Pooled(1.0, (0.5, 2.0)))
    shown = "effect +1.7 in R2 (95 %: -2.4 to +5.8); distance to the ceiling x0.1 (95 %: x0.01 to x0.32)"
    assert shown in entry_line(entry, found, settings(ceiling=1.0))
    assert "distance" not in entry_line(entry, found, settings())
    endless = Evidence("tentative", effect=1.7, on_scale=Pooled(1.0, (-1000.0, 1000.0)))
    assert "(95 %: x0 to x1e+300)" in entry_line(entry, endless, settings(ceiling=1.0))


def test_what_later_blocks_taught_is_not_in_an_earlier_memory(study):
    assert "Only in block 2" not in rendered(study.state, BLOCKED, 1)
    assert "kind=rough" not in rendered(study.state, BLOCKED, 1)


def test_the_memory_stays_within_its_lines_and_says_what_it_shortened(tmp_path):
    found = open_study(tmp_path, settings(n_trials=60, seed_keys=("seed",)))
    run_study(found)
    for number in range(80):
        found.state.apply(
            edit(("tentative", "open question", "falsified")[number % 3], f"Thing {number}.", trials=(1,))
        )
        found.note("observation", f"seen {number}", "llm", number % 60)
    text = rendered(found.state, found.settings, 1)
    assert len(text.splitlines()) <= LIMIT
    assert "(shortened: " in text
    assert "Thing 79." in text
    assert "Thing 0." not in text


# ---- start memory ----


def test_a_written_memory_is_read_by_its_headings():
    start = parse(START)
    assert start.title == "Working memory of phase 2"
    assert start.principles == ("No labels in training.", "Slow rates fail.")
    assert start.questions == ("Embeddings need an output that differs.",)
    assert start.plan == ("amplify first",)
    assert [heading for heading, _ in start.free] == ["Context", "What was learned"]


def test_any_text_is_a_memory_and_a_long_one_is_shortened():
    assert parse("just words").free == (("Context", ("just words",)),)
    assert parse("").is_empty
    long = parse("## Findings\n" + "\n".join(f"- finding {n}" for n in range(500)))
    assert len(long.free[0][1]) == 500
    assert len(shortened(long)) <= MAX_LINES + 2
    assert "(shortened: " in "\n".join(shortened(long))


class Reader(RulesProposer):
    reads_notes = True

    def __init__(self):
        self.seen = []

    def propose(self, context):
        self.seen.append(context)
        return super().propose(context)


def test_a_study_starts_from_it_records_it_and_may_contradict_it(tmp_path):
    def opened(text):
        return Study(tmp_path, BLOCKED, make_policy("puct_rank", None), Reader(), argv=["t"], start_memory=text)

    study = opened(START)
    run_study(study, bowl, stop_after=3)
    seen = study._proposals.proposer.seen[0]
    assert "- G1: No labels in training." in seen.memory
    assert "amplify first" in seen.memory
    assert seen.principles == {"G1": "No labels in training.", "G2": "Slow rates fail."}
    again = opened(START)
    assert again.state.start_memory == parse(START)
    assert sum(isinstance(e, StartMemorySource) for e in again.log.events) == 1
    run_study(again)
    assert "Plan of block 1" not in rendered(again.state, BLOCKED, 2)
    assert established(again.state, BLOCKED) == {"G1": "No labels in training.", "G2": "Slow rates fail."}


def test_the_name_of_a_start_memory_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no start memory 'nothing'"):
        memory_text("nothing")
    with pytest.raises(
        FileNotFoundError, match=r"start_memory must be an absolute path or a packaged name, got x/mine.md"
    ):
        memory_text("x/mine.md")
    own = tmp_path / "mine.md"
    own.write_text(START)
    assert memory_text(str(own)) == START
    assert not any(name.endswith("_memory") for name in instruction_names())
