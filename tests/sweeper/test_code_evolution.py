"""Code as a mutation like any other, in real sweeps: found, repaired, given up, resumed, replayed."""

import hashlib
import json
import shutil
import subprocess

import pytest
from code_sweeps import APP, code_trials, edit, events, idea, questions, sweep

from programs import proposed

BETTER = "class Score:\n    def value(self, x):\n        return 2.0 - (x - 0.3) ** 2\n"
# passes the interface test, which asks at 0.5, and crashes at the baseline's 0.2
CRASHES = (
    "class Score:\n    def value(self, x):\n        if x < 0.25:\n            return x.nothing\n        return 1.6\n"
)
SAME_CRASH = CRASHES.replace("x)", "y)").replace("x <", "y <").replace("x.n", "y.n")
STILL_CRASHES = CRASHES.replace("x.nothing", "x.nothing_else")
MENDED = CRASHES.replace("x.nothing", "1.7")


def test_code_that_improves_the_score_is_found_and_kept(tmp_path):
    said = sweep(tmp_path, [edit("1.0 -", "2.0 -")], "hydra.sweeper.n_trials=4")
    assert code_trials(tmp_path) == [(2, "r1", "COMPLETED")]
    assert "Selected: trial 2, score=1.99" in said
    [event] = events(tmp_path, "code")
    assert (event["made_of"], event["parent"], event["attempts"]) == ("base", 0, 1)
    assert event["text"] == BETTER
    told = (tmp_path / "sweep/2/.hydra/overrides.yaml").read_text()
    assert f"score.py@{event['revision']}" in told
    assert (tmp_path / "sweep/report.html").is_file()


def test_a_crash_is_repaired_at_the_second_attempt(tmp_path):
    answers = [idea(CRASHES), idea(STILL_CRASHES), idea(MENDED)]
    sweep(tmp_path, answers, "hydra.sweeper.n_trials=5")
    assert code_trials(tmp_path) == [(2, "r1", "FAILED"), (3, "r2", "FAILED"), (4, "r3", "COMPLETED")]
    assert [event["repairs"] for event in events(tmp_path, "code")] == ["", "r1", "r2"]
    repair = questions(tmp_path)[1]
    assert "crashed in the code of revision r1" in repair
    assert "AttributeError: 'float' object has no attribute 'nothing'" in repair
    assert "+        if x < 0.25:" in repair  # the diff
    assert str(tmp_path) not in repair
    assert events(tmp_path, "code_given_up") == []


def test_what_cannot_be_fixed_is_given_up_and_never_tried_again(tmp_path):
    cannot = idea("", give_up="CANNOT_FIX")
    answers = [idea(CRASHES), {**cannot, "file": None}, idea(SAME_CRASH), idea(BETTER)]
    sweep(tmp_path, answers, "hydra.sweeper.n_trials=6")
    assert code_trials(tmp_path) == [(2, "r1", "FAILED"), (4, "r2", "COMPLETED")]
    [given_up] = events(tmp_path, "code_given_up")
    assert given_up["names"] == ["r1"]
    assert "trial 2 crashed in it" in given_up["reason"]
    assert "was tried and must not be retried: trial 2 crashed" in questions(tmp_path)[3]
    assert (tmp_path / "sweep/code/slot_0/score.py").read_text() != CRASHES


def test_repairs_are_counted(tmp_path):
    answers = [idea(CRASHES), idea(STILL_CRASHES), idea(MENDED)]
    sweep(tmp_path, answers, "hydra.sweeper.n_trials=5", "hydra.sweeper.code_evolution.max_repair_attempts=1")
    assert code_trials(tmp_path)[:2] == [(2, "r1", "FAILED"), (3, "r2", "FAILED")]
    [given_up] = events(tmp_path, "code_given_up")
    assert given_up["names"] == ["r1", "r2"]


def test_code_that_fails_its_checks_goes_back_with_the_reason_before_any_run(tmp_path):
    bad = [idea("import os\n" + BETTER), idea(BETTER.replace("2.0 - (x - 0.3) ** 2", "'text'")), edit("not there", "")]
    sweep(tmp_path, [*bad, idea(BETTER)], "hydra.sweeper.n_trials=3")
    assert code_trials(tmp_path) == [(2, "r1", "COMPLETED")]
    back = questions(tmp_path)
    assert "it imports os" in back[1]
    assert "value must be a number, got str" in back[2]
    assert "these stand 0 times" in back[3]
    assert events(tmp_path, "code")[0]["attempts"] == 4


def test_a_crash_elsewhere_is_never_blamed_on_the_code(tmp_path):
    sweep(tmp_path, [idea(BETTER)], "hydra.sweeper.n_trials=4", "elsewhere=true")
    assert code_trials(tmp_path)[0] == (2, "r1", "FAILED")
    assert not any("crashed in the code" in question for question in questions(tmp_path))
    assert events(tmp_path, "code_given_up") == []


@pytest.mark.slow
def test_code_that_never_ends_in_a_trial_is_ended_and_not_sent_to_be_mended(tmp_path):
    endless = CRASHES.replace("return x.nothing", "while True:\n                pass")
    limit = ["hydra.sweeper.job_timeout_s=20", "hydra.sweeper.dispatch=fork"]
    sweep(tmp_path, [idea(endless), idea(BETTER)], "hydra.sweeper.n_trials=5", *limit)
    assert code_trials(tmp_path)[0] == (2, "r1", "TIMEOUT")
    assert (4, "r2", "COMPLETED") in code_trials(tmp_path)
    assert not any("crashed in the code" in question for question in questions(tmp_path))


def test_a_sweep_killed_in_the_middle_of_a_repair_goes_on_with_it(tmp_path):
    sweep(tmp_path, [idea(CRASHES), "KILL", idea(MENDED)], "hydra.sweeper.n_trials=5", expect=-9)
    assert code_trials(tmp_path) == [(2, "r1", "FAILED")]
    sweep(tmp_path, None, "hydra.sweeper.n_trials=5")
    assert code_trials(tmp_path) == [(2, "r1", "FAILED"), (3, "r2", "COMPLETED")]
    assert len({event["name"] for event in events(tmp_path, "code")}) == len(events(tmp_path, "code"))


def test_a_sweep_with_repairs_replays_without_a_model(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    sweep(first, [idea(CRASHES), idea(MENDED)], "hydra.sweeper.n_trials=4")
    shutil.copytree(first / "sweep/transcripts", second / "sweep/transcripts")
    sweep(second, [], "hydra.sweeper.n_trials=4", "hydra.sweeper.llm.transcript=replay")
    assert not (second / "asked.jsonl").exists()
    assert code_trials(second) == code_trials(first) == [(2, "r1", "FAILED"), (3, "r2", "COMPLETED")]
    revisions = [[event["revision"] for event in events(folder, "code")] for folder in (first, second)]
    assert revisions[0] == revisions[1]


@pytest.mark.parametrize("dispatch", ["batch", "fork"])
def test_four_slots_run_four_revisions_at_once(tmp_path, dispatch):
    """With fork, each of the four waits until all four run."""
    ideas = [idea(BETTER.replace("2.0", f"2.{k}"), parent=None) for k in range(4)]
    slots = ["hydra.sweeper.n_trials=8", "hydra.sweeper.n_parallel=4", f"hydra.sweeper.dispatch={dispatch}"]
    (tmp_path / "together").mkdir()
    slots += [f"together={tmp_path / 'together'}"] if dispatch == "fork" else []
    sweep(tmp_path, ideas, *slots, "hydra.sweeper.code_evolution.every=1")
    ran = code_trials(tmp_path)
    assert [(name, state) for _, name, state in ran] == [(f"r{k}", "COMPLETED") for k in (1, 2, 3, 4)]
    values = {event["number"]: event["value"] for event in events(tmp_path, "told")}
    xs = {trial["number"]: trial["proposal"]["values"]["x"] for trial in proposed(tmp_path / "sweep")}
    gave = [round(values[number] + (xs[number] - 0.3) ** 2, 2) for number, _, _ in ran]
    assert gave == [2.0, 2.1, 2.2, 2.3]


def test_code_waits_for_a_person_where_it_shall(tmp_path):
    review = "hydra.sweeper.code_evolution.review=file"
    sweep(tmp_path, [idea(BETTER)], "hydra.sweeper.n_trials=4", review)
    assert code_trials(tmp_path) == []
    diff = tmp_path / "sweep/code/review/r1.diff"
    assert "+        return 2.0" in diff.read_text()
    diff.with_suffix(".accept").touch()
    sweep(tmp_path, None, "hydra.sweeper.n_trials=6", review)
    assert (4, "r1", "COMPLETED") in code_trials(tmp_path)


def content(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "sweep" not in path.relative_to(folder).parts
    }


def test_the_repository_around_a_sweep_stays_as_it_was_uncommitted_work_included(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "work.py").write_text("committed = 1\n")
    git("add", ".")
    git("commit", "-qm", "mine")
    (tmp_path / "work.py").write_text("uncommitted = 1\n")
    answers = [idea(BETTER)]
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    (tmp_path / "asked.jsonl").touch()
    sweep(tmp_path, answers, "hydra.sweeper.n_trials=1")  # the client's own file is there by then
    before = content(tmp_path)
    application = content(APP)
    sweep(tmp_path, None, "hydra.sweeper.n_trials=4")
    assert code_trials(tmp_path) == [(2, "r1", "COMPLETED")]
    after = content(tmp_path)
    for name in ("asked.jsonl", *(name for name in after if "__pycache__" in name)):
        after.pop(name, None), before.pop(name, None)
    assert after == before
    assert {k: v for k, v in content(APP).items() if "__pycache__" not in k} == {
        k: v for k, v in application.items() if "__pycache__" not in k
    }


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("hydra.sweeper.code.path=null", "needs hydra.sweeper.code.path"),
        ("hydra.sweeper.code.path=nothing.py", "nothing.py cannot be read"),
        ("hydra.sweeper.code.key=nothing", "hydra.sweeper.code.key=nothing is not in the application"),
        ("score=mine.py", "score is set or swept, and code_evolution sets it itself"),
        ("hydra.sweeper.llm.client=openai", "needs a language model"),
        ("hydra.sweeper.code_evolution.review=ask", "standard input is no terminal here"),
        ("hydra.sweeper.code_evolution.when=[nothing]", "when must name rules of the sweep"),
        ("hydra.sweeper.code_evolution.review=never", "review must be one of auto, ask, file"),
    ],
)
def test_what_is_missing_is_a_sentence_before_anything_runs(tmp_path, override, said):
    told = sweep(tmp_path, [], "hydra.sweeper.n_trials=2", override, expect=1)
    assert said in told
    assert "Traceback" not in told
