"""analysis.md: entries in the form of their family, appended and never changed, the same however often it is read."""

from dataclasses import replace

import pytest
from search_worlds import bowl, open_study, run_study, settings

from hydra_llm.llm.instructions import instruction_names, instructions_folder
from hydra_llm.search.context import Thresholds
from hydra_llm.search.log_format import GENERIC, SUFFIX, FormatError, log_format, read_format
from hydra_llm.search.records.journal import ASIDE, NAME
from hydra_llm.search.records.trial_section import TrialSection
from hydra_llm.search.space.space import Categorical, Space
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState

REGIMES = Space((Categorical(name="simulation", choices=("chaotic", "dale"), default="chaotic"),))
BLOCKED = settings(n_trials=10, n_iter_block=5, block_space=REGIMES, thresholds=Thresholds())
FORMATS = sorted(path.name.removesuffix(SUFFIX) for path in instructions_folder().glob(f"*{SUFFIX}"))


def sections(text):
    """Entries by trial number."""
    parts = f"\n{text}".split("\n## Iter ")[1:]
    return {int(part.split(":")[0]): part.split("\n\n")[0] for part in parts}


def test_every_prefix_of_the_events_gives_a_prefix_of_the_log(tmp_path):
    study = open_study(tmp_path, BLOCKED)
    seen = [""]
    while not study.is_over:
        for trial in study.launched(study.ask(1)):
            study.tell(trial.number, Outcome(TrialState.COMPLETED, value=bowl(trial)["R2"]))
        assert study.analysis.text.startswith(seen[-1])
        seen.append(study.analysis.text)
    study.finish("over")
    assert study.analysis.text.startswith(seen[-1])
    assert len(sections(study.analysis.text)) == 10


def test_a_log_read_back_is_the_log_that_was_written_and_the_file_is_appended_to(tmp_path):
    study = open_study(tmp_path, BLOCKED)
    run_study(study, stop_after=7)
    study.analysis.write(tmp_path)
    first = (tmp_path / NAME).read_bytes()
    again = open_study(tmp_path, BLOCKED)
    assert again.analysis.text == study.analysis.text
    inode = (tmp_path / NAME).stat().st_ino
    run_study(again)
    again.analysis.write(tmp_path)
    again.analysis.write(tmp_path)
    assert (tmp_path / NAME).read_bytes().startswith(first)
    assert (tmp_path / NAME).stat().st_ino == inode
    assert (tmp_path / NAME).read_text() == again.analysis.text


@pytest.mark.parametrize("present", [None, 100, 0])
def test_a_lost_or_torn_file_is_completed_letter_by_letter(tmp_path, present):
    study = open_study(tmp_path, BLOCKED)
    run_study(study)
    study.finish("over")
    if present is not None:
        (tmp_path / NAME).write_bytes(study.analysis.text.encode()[:present])
    study.analysis.write(tmp_path)
    assert (tmp_path / NAME).read_text() == study.analysis.text
    assert not (tmp_path / ASIDE).exists()


def test_what_a_person_wrote_into_the_file_is_kept_aside(tmp_path):
    study = open_study(tmp_path, BLOCKED)
    run_study(study)
    (tmp_path / NAME).write_text("my own thoughts\n")
    study.analysis.write(tmp_path)
    assert (tmp_path / ASIDE).read_text() == "my own thoughts\n"
    assert (tmp_path / NAME).read_text() == study.analysis.text


def test_an_entry_has_the_lines_of_the_source_in_their_order(tmp_path):
    study = open_study(tmp_path, replace(BLOCKED, seed_keys=("seed",)))
    run_study(study)
    entry = next(text for text in sections(study.analysis.text).values() if " -> " in text)
    heads = [line.split(":")[0] for line in entry.splitlines()[1:]]
    assert heads == ["Node", "Mode/Strategy", "Config", "Metrics", "Mutation", "Parent rule", "Next"]
    assert entry.splitlines()[0].split(": ")[1] in ("converged", "partial", "failed")
    assert ", parent=" in entry


def test_a_rerun_is_a_robustness_check_that_names_its_node_and_tells_the_spread(tmp_path):
    study = open_study(tmp_path, replace(BLOCKED, n_iter_block=0, n_trials=8, seed_keys=("seed",)))
    run_study(study)
    reruns = [text for text in sections(study.analysis.text).values() if "re-run" in text]
    assert reruns
    for text in reruns:
        assert "Mode/Strategy: robustness-check/" in text
        assert "Mutation: [none], robustness re-run of node " in text
        assert "Variance update: node " in text
        assert "CV(R2)=" in text


def test_next_names_the_node_that_the_slot_branches_from_and_never_a_sibling(tmp_path):
    study = open_study(tmp_path, settings(n_trials=12, n_parallel=4))
    trials = run_study(study)
    entries = sections(study.analysis.text)
    assert list(entries) == list(range(8)), "entries of the last batch wait for the next"
    for number, text in entries.items():
        line = text.splitlines()[-1]
        follower = next(t for t in trials if t.number >= 4 * (number // 4 + 1) and t.proposal.slot == number % 4)
        assert line == f"Next: parent={follower.proposal.parent}"
        assert follower.proposal.parent < 4 * (number // 4 + 1)


def test_a_failed_slot_gets_a_short_entry_with_its_error_and_the_next_mutation(tmp_path):
    def task(trial):
        error = TrialError("RuntimeError", "loss is nan\n## Iter 99: converged")
        return Outcome(TrialState.FAILED, error=error) if trial.number == 2 else bowl(trial)

    study = open_study(tmp_path, BLOCKED)
    run_study(study, task)
    found = sections(study.analysis.text)
    assert found[2].startswith("2: failed")
    assert "Error: RuntimeError: loss is nan ## Iter 99: converged" in found[2], "an error cannot pose as an entry"
    assert "Next: parent=" in found[2]
    assert 3 in found


def test_an_observation_that_comes_late_is_appended_by_itself(tmp_path):
    study = open_study(tmp_path, settings(n_trials=4))
    run_study(study)
    before = study.analysis.text
    study.note("observation", "seen later", "llm", 0)
    assert study.analysis.text == f"{before}Addendum to Iter 0: Observation: seen later\n\n"


def test_a_block_ends_with_the_summary_of_the_source_and_the_next_simulation(tmp_path):
    study = open_study(tmp_path, BLOCKED)
    run_study(study)
    text = study.analysis.text
    summary = text[text.index("## Simulation Block 1 Summary (iters 0-4)") : text.index("## Iter 5")]
    lines = summary.splitlines()
    heads = ["Simulation: simulation=chaotic", "Best R2: ", "Converged: ", "Observation: ", "Optimum training: lr="]
    places = [next(i for i, line in enumerate(lines) if line.startswith(head)) for head in heads]
    assert places == sorted(places)
    assert "Advice: " in summary
    assert "### Edit of the protocol\nNone was made." in summary
    assert summary.index("--- NEW SIMULATION BLOCK ---") < summary.index("Next simulation: simulation=dale")
    assert "Node: id=5, parent=root" in summary


# ---- formats ----


@pytest.mark.parametrize("name", FORMATS)
def test_every_packaged_format_is_read_and_carries_what_an_entry_must_have(name):
    found = log_format(name) if name in instruction_names() else read_format(instructions_folder() / f"{name}{SUFFIX}")
    names = [item if isinstance(item, str) else item.name for item in found.entry]
    for line in ("Node", "Mode/Strategy", "Config", "Metrics", "Mutation", "Observation", "Next"):
        assert line in names
    assert names[-1] == "Next"
    assert found.summary.optimum
    assert found.parameters


def test_the_families_of_the_source_have_their_own_lines():
    def lines(name):
        found = read_format(instructions_folder() / f"{name}{SUFFIX}")
        return {item if isinstance(item, str) else item.name for item in found.entry}, found

    slots, homeostasis = lines("metabolism_homeostasis")
    assert {"Slot", "Visual", "Strategy"} <= slots
    assert set(homeostasis.told) == {"Visual", "Strategy"}
    alternating, _ = lines("flyvis_alternating")
    assert {"R2 trajectory", "Embedding", "Variance update"} <= alternating


def test_an_application_without_a_format_gets_all_its_values_and_metrics():
    assert log_format("") is GENERIC
    assert log_format("generic") is GENERIC
    assert {"Config", "Metrics"} <= set(GENERIC.entry)


def write(folder, text):
    path = folder / f"mine{SUFFIX}"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("entry: [Nodes]", "is wrong at entry: a line must be one of Node, .*got Nodes"),
        ("entry: [{name: X}]", "must have one of values, metrics, text, variance, told, got"),
        ("entries: []", "wrong at entries"),
        ("entry: [", "cannot be read"),
    ],
)
def test_a_wrong_format_is_one_sentence_with_its_file(tmp_path, text, message):
    with pytest.raises(FormatError, match=message) as caught:
        read_format(write(tmp_path, text))
    assert "mine_log.yaml" in str(caught.value)


OWN = """
entry:
  - {name: Config, values: {rate: lr, fixed: app.width}}
  - {name: Metrics, metrics: [R2, slope_*, absent]}
  - {name: Course, text: "peak={R2_peak}, {trend}"}
  - {name: Place, text: "slot_{slot} ({net})"}
  - {name: Nothing, metrics: [absent]}
  - {name: Visual, told: what you see}
"""


def test_lines_of_a_family_are_filled_from_values_fixed_ones_metrics_and_what_was_told(tmp_path):
    wanted = settings(n_trials=3, log_format=read_format(write(tmp_path, OWN)), constants={"app.width": 80})
    study = open_study(tmp_path, wanted)

    def task(trial):
        value = bowl(trial)["R2"]
        return {"R2": value, "R2_peak": value + 0.2, "slope_0": 0.5, "slope_1": 0.25}

    run_study(study, task, stop_after=1)
    study = open_study(tmp_path, wanted)
    study.note("line:Visual", "two clusters", "llm", 0)
    lines = TrialSection(study.state.trials[0], study.state, wanted).text.splitlines()
    assert "Config: rate=0.3, fixed=80" in lines
    assert any(line.startswith("Metrics: R2=") and line.endswith("slope_0=0.5, slope_1=0.25") for line in lines)
    assert any(line.startswith("Course: peak=") and line.endswith(", decaying") for line in lines)
    assert "Place: slot_0 (a)" in lines
    assert "Visual: two clusters" in lines
    assert not any(line.startswith("Nothing") for line in lines)
    study.state.notes.clear()
    assert "Visual: (not told)" in TrialSection(study.state.trials[0], study.state, wanted).text
