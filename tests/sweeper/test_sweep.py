"""Whole sweeps over the toy application, as typed at a command line."""

import os
import re
import signal
import subprocess
import time

import pytest
import yaml
from toy_sweeps import command, events, executions, sweep, told

from programs import PYTHON, environment, run

SHORT = ("hydra.sweeper.n_trials=6", "noise=0.01")
UNCONFIRMED = ("hydra.sweeper.confirm={n_seeds: 0}",)
DISPATCHES = ("hydra.sweeper.dispatch=fork", "hydra.sweeper.dispatch=batch")


def talking(words, folder):
    """The program, running, with what it prints to be read from it."""
    return subprocess.Popen(
        words, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One finished sweep and what it printed."""
    folder = tmp_path_factory.mktemp("finished")
    return folder, sweep(folder, *SHORT)


def test_the_start_says_who_proposes_and_echoes_objective_space_and_the_resume_command(finished):
    _, text = finished
    assert "maximize score" in text
    assert "neither the key variable OPENAI_API_KEY nor hydra.sweeper.llm.base_url is set" in text
    assert "x: 0..1, start 0.9" in text
    assert "model: plain, fancy, start plain" in text
    assert "To continue this sweep after an interruption: python" in text


def test_every_trial_has_one_line_with_its_score_its_proposer_and_the_time_left(finished):
    _, text = finished
    lines = [line for line in text.splitlines() if "] trial " in line]
    assert len(lines) == 6 + 8  # and two budgets, two seeds, best and baseline
    assert [f"[{i}/6] trial {i - 1} score=" in text for i in range(1, 7)] == [True] * 6
    assert ", the best so far" in lines[0]
    assert "the baseline" in lines[0]
    assert all(" by bayes" in line for line in lines[1:6])
    assert [" left" in line for line in lines] == [True] * 14


def test_the_end_names_a_picture_and_three_commands_that_work(finished):
    folder, text = finished
    assert "Picture: sweep/figures/tree_block_001.png" in text
    show, best, more = re.findall(r"(?:in full|gave|many trials): +(.*)", text)
    assert show.startswith("hydra-llm show ")
    assert best.startswith("hydra-llm best ")
    cli = [PYTHON, "-m", "hydra_llm.cli"]
    assert "score" in run([*cli, *show.split()[1:]], folder, env=environment())
    assert run([*cli, *best.split()[1:]], folder, env=environment()).startswith("python ")
    assert more.endswith("hydra.sweep.dir=sweep hydra.sweeper.n_trials=12")


def test_local_jobs_and_their_launcher_are_not_heard_beside_the_sweep_unless_hydra_is_verbose(finished, tmp_path):
    folder, text = finished
    assert "Launching 1 jobs" not in text
    assert "this is a run" not in text
    assert "this is a run" in (folder / "sweep" / "0" / "app.log").read_text()
    text = sweep(tmp_path, "hydra.sweeper.n_trials=1", "hydra.verbose=true")
    assert "Launching 1 jobs" in text
    assert "this is a run" in text


def test_the_folder_holds_all_documented_files(finished):
    folder, _ = finished
    names = {path.name for path in (folder / "sweep").iterdir()}
    wanted = {
        "events.jsonl",
        "multirun.yaml",
        "optimization_results.yaml",
        "ucb_scores.txt",
        "analysis.md",
        "memory.md",
        "report.html",
    }
    assert wanted | {"figures", "0", "5"} <= names
    assert not (folder / "sweep" / ".lock").read_text()
    assert (folder / "sweep" / "figures" / "tree_block_001.png").stat().st_size > 1000


def test_trial_zero_is_the_applications_own_configuration_on_the_search_budget(finished):
    folder, _ = finished
    config = yaml.safe_load((folder / "sweep" / "0" / ".hydra" / "config.yaml").read_text())
    assert (config["x"], config["n"], config["model"]["name"], config["steps"]) == (0.9, 2, "plain", 2)


def test_the_confirmation_runs_both_budgets_and_the_full_one_drops_the_trial_overrides(finished):
    folder, _ = finished
    (asked,) = [e for e in events(folder, "asked") if e["trials"][0].get("purpose") == "confirm"]
    assert {trial["budget"] for trial in asked["trials"]} == {"search", "full"}
    for trial in asked["trials"]:
        config = yaml.safe_load((folder / "sweep" / str(trial["number"]) / ".hydra" / "config.yaml").read_text())
        assert config["steps"] == (2 if trial["budget"] == "search" else 10)
        assert config["seed"] == trial["seeds"]["seed"] != 0


def test_the_winners_command_repeats_its_value(finished):
    folder, _ = finished
    best = yaml.safe_load((folder / "sweep" / "optimization_results.yaml").read_text())["best"]
    words = best["command"].split(" ")[2:]
    own_mode = [*command(folder)[:2], "hydra.mode=MULTIRUN"]  # as some configurations say by themselves
    run([*own_mode, *words, "hydra.run.dir=again", "hydra.job.chdir=false"], folder)
    n_lines = executions(folder)
    assert n_lines[-1] == n_lines[best["number"]]
    n_lines.pop()
    (folder / "runs.txt").write_text("\n".join(n_lines) + "\n")


def test_the_same_sweep_twice_gives_the_same_trials(finished, tmp_path):
    folder, _ = finished
    sweep(tmp_path, *SHORT, *UNCONFIRMED)
    assert told(tmp_path) == told(folder)[:6]


def test_a_finished_sweep_runs_nothing_and_says_how_to_start_anew(finished):
    folder, _ = finished
    before = executions(folder)
    text = sweep(folder, *SHORT)
    assert "This sweep is finished" in text
    assert "set hydra.sweep.dir to a new folder" in text
    assert executions(folder) == before


def test_another_space_in_the_same_folder_is_refused_with_the_difference(finished):
    folder, _ = finished
    text = sweep(folder, *SHORT, "x=interval(0, 2)", expect=1)
    assert "parameter x, high: 1.0 -> 2.0" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("killed_after_s", [0.5, 1.2])
def test_a_sweep_killed_in_the_middle_is_finished_by_the_same_command_with_nothing_run_twice(tmp_path, killed_after_s):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    slow = (*SHORT, *UNCONFIRMED, "sleep=0.2")
    sweep(whole, *slow)
    cut.mkdir()
    process = subprocess.Popen(
        command(cut, *slow), cwd=cut, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (cut / "runs.txt").exists():  # the first trial has run
        time.sleep(0.05)
        assert process.poll() is None
    time.sleep(killed_after_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(told(cut)) < len(told(whole))
    text = sweep(cut, *slow)
    assert "Continuing:" in text
    assert told(cut) == told(whole)
    assert sorted(executions(cut)) == sorted(executions(whole))


@pytest.mark.parametrize("dispatch", DISPATCHES)
def test_ctrl_c_prints_the_command_that_continues(tmp_path, dispatch):
    own = (*SHORT, *UNCONFIRMED, "sleep=0.3", dispatch)
    process = talking(command(tmp_path, *own), tmp_path)
    while not (tmp_path / "runs.txt").exists():
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    assert "Interrupted. Everything that finished is recorded. To continue: python" in text
    assert "Traceback" not in text
    assert process.returncode == 128 + signal.SIGINT
    assert [event["charged"] for event in events(tmp_path, "lost")] in ([], [False])  # none: it came between two trials
    sweep(tmp_path, *own)
    assert len(told(tmp_path)) == 6


def test_a_task_that_swallows_ctrl_c_and_exits_does_not_keep_the_sweep_going(tmp_path):
    """As Lightning does in the middle of a fit."""
    own = (*SHORT, *UNCONFIRMED, "sleep=1.5", "fault=swallow", "hydra.sweeper.dispatch=batch")
    process = talking(command(tmp_path, *own), tmp_path)
    while not (tmp_path / "sweep" / "0" / "started.json").exists():
        time.sleep(0.05)
        assert process.poll() is None
    time.sleep(0.3)  # the task is in its sleep
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    assert "Interrupted. Everything that finished is recorded. To continue: python" in text
    assert told(tmp_path) == []
    sweep(tmp_path, *own)
    assert {state for _, state, _ in told(tmp_path)} == {"COMPLETED"}


def test_failed_trials_are_results_and_the_sweep_goes_on(tmp_path):
    text = sweep(tmp_path, *SHORT, *UNCONFIRMED, "fault=raise", "fault_beyond=0.3", "hydra.sweeper.fail_fast=0")
    states = {state for _, state, _ in told(tmp_path)}
    assert states == {"COMPLETED", "FAILED"}
    assert "RuntimeError: x is too far away" in text
    (first, *_) = [e for e in events(tmp_path, "told") if e["state"] == "FAILED"]
    assert 'raise RuntimeError("x is too far away")' in first["error"]["traceback"]


@pytest.mark.parametrize("dispatch", DISPATCHES)
@pytest.mark.parametrize("fault", ["exit", "interrupt"])
def test_a_task_that_exits_or_interrupts_itself_is_a_failed_trial_and_neither_the_end_nor_silence(
    tmp_path, fault, dispatch
):
    last = ("hydra.sweeper.n_trials=3", f"fault={fault}", "fault_at=0.9", "fault_beyond=0")  # the default completes
    text = sweep(tmp_path, *last, *UNCONFIRMED, "hydra.sweeper.fail_fast=0", dispatch)
    assert [state for _, state, _ in told(tmp_path)] == ["COMPLETED", "FAILED", "FAILED"]
    assert "[2/3] trial 1 FAILED" in text
    assert "[3/3] trial 2 FAILED" in text
    assert "Sweep over" in text
    assert "Traceback" not in text


def test_identical_failures_stop_the_sweep_and_nothing_completed_is_an_error(tmp_path):
    text = sweep(tmp_path, *SHORT, "fault=raise", "fault_beyond=-1", "hydra.sweeper.fail_fast=2", expect=1)
    assert "No trial of the sweep" in text
    assert "the last 2 trials failed with the same error" in text
    assert len(told(tmp_path)) == 2


def test_a_metric_that_is_not_returned_is_invalid_and_those_returned_are_listed(tmp_path):
    text = sweep(tmp_path, *SHORT, "hydra.sweeper.metric=acc", "hydra.sweeper.fail_fast=2", expect=1)
    assert "did not return the metric 'acc'. It returned: score, sub/loss, x" in text


def test_a_nested_metric_can_be_minimised(tmp_path):
    overrides = ("hydra.sweeper.metric=sub/loss", "hydra.sweeper.direction=minimize", "hydra.sweeper.n_trials=4")
    sweep(tmp_path, *overrides, *UNCONFIRMED)
    results = yaml.safe_load((tmp_path / "sweep" / "optimization_results.yaml").read_text())
    assert results["best"]["selected_value"] == min(value for _, _, value in told(tmp_path))


def test_command_line_sweeps_win_and_plain_overrides_are_fixed(tmp_path):
    sweep(tmp_path, *SHORT, "n=7", "x=choice(0.1, 0.9)", *UNCONFIRMED)
    rows = [line.split() for line in executions(tmp_path)]
    assert {row[1] for row in rows} == {"7"}
    assert {row[0] for row in rows} <= {"0.1", "0.9"}


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (("hydra.sweeper.params={xx: 'interval(0,1)'}",), "The parameter xx is not in the application's configuration"),
        (("~search",), "nothing to search. Declare at least one parameter under hydra.sweeper.params"),
        (
            ("~search", "hydra.sweeper.params={x: hello}"),
            "hydra.sweeper.params holds no range, so there is nothing to search: x=hello is one value",
        ),
        (
            ("x=0.1", "n=2", "model=plain"),
            "x=0.1, n=2, model=plain on the command line holds what the search would move",
        ),
        (("hydra.sweeper.proposer=genetic",), "hydra.sweeper.proposer must be one of auto, llm, bayes, rules, random"),
        (("hydra.sweeper.selection=uct",), "hydra.sweeper.selection must be one of puct_rank, ucb, ucb1"),
        (
            ("hydra.sweeper.direction=up",),
            "hydra.sweeper.direction must be one of maximize, minimize, target, or null, got 'up'.",
        ),
        (("hydra.sweeper.n_trials=0",), "hydra.sweeper.n_trials must be at least 1, got 0."),
        (("hydra.sweeper.n_trials=many",), "hydra.sweeper.n_trials must be a whole number, got 'many'."),
        (
            ("hydra.sweeper.dispatch=spawn",),
            "hydra.sweeper.dispatch must be one of auto, batch, thread, fork, got 'spawn'.",
        ),
        (("hydra.sweeper.dispatch=thread",), "dispatch=thread is unsafe with the basic launcher"),
        (("hydra.sweeper.mode=walk",), "hydra.sweeper.mode must be one of search, grid, got 'walk'."),
        (("hydra.sweeper.resume=must",), "holds no sweep to continue"),
        (("+search.metrik=a",), "meaning, locked, got search.metrik."),
        (("++search.start=anywhere",), "search.start must be one of diverse, baselines, or null, got 'anywhere'."),
        (
            ("hydra.sweeper.confirm.budgets=[half]",),
            "hydra.sweeper.confirm.budgets must be a list of search, full, or null",
        ),
        (("hydra.sweeper.llm.timeout_s=soon",), "hydra.sweeper.llm.timeout_s must be a number, got 'soon'."),
        (("hydra.sweeper.n_trial=5",), "n_trial"),
        (
            ("hydra.sweeper.llm.base_url='http://me:s3cret@localhost:9/v1'",),
            "hydra.sweeper.llm.base_url (http://localhost:9/v1) holds a user name, a password or a query",
        ),
    ],
)
def test_bad_input_is_answered_with_a_sentence_and_no_traceback(tmp_path, overrides, sentence):
    text = sweep(tmp_path, *overrides, expect=1)
    assert sentence in text
    assert "Traceback" not in text


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write to read-only folders")
def test_a_read_only_folder_is_answered_with_a_sentence(tmp_path):
    (tmp_path / "sweep").mkdir(mode=0o500)
    assert "cannot be written" in sweep(tmp_path, *SHORT, expect=1)


def test_a_sweep_folder_below_a_file_is_answered_with_a_sentence(tmp_path):
    (tmp_path / "sweep").write_text("")
    text = sweep(tmp_path, *SHORT, expect=1)
    assert "cannot be written" in text
    assert "Set hydra.sweep.dir" in text


def test_two_writers_in_one_folder_are_refused(tmp_path):
    first = subprocess.Popen(
        command(tmp_path, *SHORT, "sleep=5"), cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL
    )
    try:
        while not (tmp_path / "sweep" / "events.jsonl").exists():
            time.sleep(0.05)
        assert f"in use by process {first.pid}" in sweep(tmp_path, *SHORT, "sleep=5", expect=1)
    finally:
        first.kill()
        first.wait()


def test_parallel_slots_start_with_baseline_and_spread_and_end_at_the_same_total(tmp_path):
    batch = ("hydra.sweeper.n_parallel=4", "hydra.sweeper.dispatch=batch")
    sweep(tmp_path, "hydra.sweeper.n_trials=10", *batch, "noise=0.01", *UNCONFIRMED)
    batches = [[t["proposal"]["strategy"] for t in e["trials"]] for e in events(tmp_path, "asked")]
    assert batches[0] == ["baseline", "design", "design", "design"]
    assert [len(batch) for batch in batches[:3]] == [4, 4, 2]


def test_the_app_runs_without_the_sweeper_as_any_hydra_app(tmp_path):
    run([*command(tmp_path)[:2], f"runs_file={tmp_path / 'runs.txt'}", "hydra.run.dir=run"], tmp_path)


def test_blocks_leave_their_snapshots_and_need_no_output_subdir_for_the_values_of_a_trial(tmp_path):
    blocks = ("hydra.sweeper.block_params={noise: 'choice(0.0, 0.02)'}", "hydra.sweeper.n_iter_block=3")
    sweep(tmp_path, "hydra.sweeper.n_trials=6", *UNCONFIRMED, *blocks, "hydra.output_subdir=null")
    folder = tmp_path / "sweep"
    assert [(e["values"], e["chosen_by"]) for e in events(tmp_path, "block")] == [
        ({"noise": 0.0}, "untested-first"),
        ({"noise": 0.02}, "untested-first"),
    ]
    for index, noise in ((1, 0.0), (2, 0.02)):
        assert f"noise={noise}" in (folder / "memory" / f"block_00{index}_memory.md").read_text()
        assert (folder / "ucb" / f"block_00{index}.txt").read_text().startswith(f"Block {index}, ")
    assert "Next simulation: noise=0.02\n" in (folder / "analysis.md").read_text()
    assert not (folder / "0" / ".hydra").exists()
    assert "x" in yaml.safe_load((folder / "multirun.yaml").read_text())
    (first,) = (t for e in events(tmp_path, "asked") for t in e["trials"] if t["number"] == 0)
    assert (first["proposal"]["values"]["x"], first["seeds"]) == (0.9, {}), "no seed: the application's own"
    assert "steps=2" in events(tmp_path, "header")[0]["identity"]["trial_overrides"]
