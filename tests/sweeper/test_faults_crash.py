"""The sweeper itself is killed at random moments; the same command then finishes the sweep."""

import os
import random
import signal
import subprocess
import time

import psutil
import pytest
from dispatch_sweeps import app_command, app_environment, check_invariants, run_app
from toy_sweeps import command, events, executions, sweep, told

from programs import environment

N = 8
SWEEP = (f"hydra.sweeper.n_trials={N}", "hydra.sweeper.confirm={n_seeds: 0}", "hydra.sweeper.max_infra_retries=9")
WITNESS = (f"hydra.sweeper.n_trials={N}", "hydra.sweeper.n_parallel=2", "hydra.sweeper.max_infra_retries=9")


def start(words, folder, env):
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        words, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def wait_for(condition, process=None, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        assert process is None or process.poll() is None, process.communicate()[0].decode(errors="replace")
        time.sleep(0.02)


def damage(folder, rng):
    """What a crash of the machine may take with it: the end of the last line, results of jobs that were in flight."""
    log = folder / "sweep" / "events.jsonl"
    with log.open("ab") as file:
        file.write(b'{"type": "told", "number": 9999, "sta')
    finished = {event["number"] for event in events_without_tail(folder, "told")}
    for path in sorted((folder / "sweep").glob("*/result.json")):
        if int(path.parent.name) not in finished and rng.random() < 0.5:
            path.unlink()


def events_without_tail(folder, kind):
    text = (folder / "sweep" / "events.jsonl").read_text()
    complete = text[: text.rfind("\n") + 1]
    path = folder / "sweep" / "events.jsonl"
    path.write_text(complete)
    found = events(folder, kind)
    path.write_text(text)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_random_crashes_leave_a_sweep_that_ends_as_the_uninterrupted_one(tmp_path, seed):
    rng = random.Random(seed)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    slow = (*SWEEP, "sleep=0.15")
    sweep(whole, *slow)
    for _ in range(2):
        before = len(executions(cut)) if (cut / "runs.txt").exists() else 0
        process = start(command(cut, *slow), cut, environment())
        wait_for(lambda n=before: (cut / "runs.txt").exists() and len(executions(cut)) > n, process)
        time.sleep(rng.uniform(0.0, 0.7))
        process.kill()
        process.communicate()
        damage(cut, rng)
    sweep(cut, *slow)
    assert told(cut) == told(whole)
    check_invariants(cut, N)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_killed_sweep_of_forked_slots_leaves_no_process_and_ends_with_every_trial_told_once(tmp_path, seed):
    rng = random.Random(seed)
    process = start(app_command("witness.py", tmp_path, *WITNESS), tmp_path, app_environment(tmp_path))
    wait_for(lambda: list((tmp_path / "sweep").glob("*/started.json")), process)
    time.sleep(rng.uniform(0.0, 0.8))
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 3  # two keepers, and a worker at least
    process.kill()
    process.communicate()
    wait_for(lambda: not any(member.is_running() and member.status() != "zombie" for member in family), seconds=5)
    damage(tmp_path, rng)
    run_app("witness.py", tmp_path, *WITNESS)
    check_invariants(tmp_path, N)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sweep_of_slots_prints_its_command_and_charges_no_retry(tmp_path, number):
    once = (*WITNESS[:2], "hydra.sweeper.max_infra_retries=0", "long=3", "hydra.sweeper.n_trials=3")
    process = start(app_command("witness.py", tmp_path, *once), tmp_path, app_environment(tmp_path))
    wait_for(lambda: len(list((tmp_path / "sweep").glob("*/started.json"))) == 2, process)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    text = process.communicate(timeout=30)[0].decode(errors="replace")
    assert "Interrupted. Everything that finished is recorded. To continue: python" in text
    assert "Traceback" not in text
    assert process.returncode == 128 + number
    wait_for(lambda: not any(member.is_running() and member.status() != "zombie" for member in family), seconds=5)
    run_app("witness.py", tmp_path, *once, "long=0.1", expect=1)  # a fixed override is part of a sweep
    run_app("witness.py", tmp_path, *once)
    assert {event["state"] for event in events(tmp_path, "told")} == {"COMPLETED"}
    check_invariants(tmp_path, 3)


def test_a_driver_that_is_killed_from_outside_is_replaced(tmp_path):
    process = start(app_command("witness.py", tmp_path, *WITNESS), tmp_path, app_environment(tmp_path))
    wait_for(lambda: len(list((tmp_path / "sweep").glob("*/started.json"))) == 2, process)
    for keeper in psutil.Process(process.pid).children():
        keeper.kill()
    text = process.communicate(timeout=60)[0].decode(errors="replace")
    assert process.returncode == 0, text
    check_invariants(tmp_path, N)
    assert {event["state"] for event in events(tmp_path, "told")} == {"COMPLETED"}
    assert events(tmp_path, "lost")


def test_a_second_signal_ends_the_process_at_once(tmp_path):
    script = (
        "import os, signal\n"
        "from hydra_llm.sweeper.dispatch.signals import Interruptible\n"
        "with Interruptible() as signals:\n"
        "    signals.at_once = lambda: print('closed', flush=True)\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n"
        "        print('first', flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('never', flush=True)\n"
    )
    env = {**os.environ}
    done = subprocess.run([command(tmp_path)[0], "-c", script], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (128 + signal.SIGTERM, ["first", "closed"])


@pytest.mark.slow
def test_jobs_that_outlive_a_killed_sweeper_are_waited_for_and_run_once(tmp_path):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="the submitit launcher is not installed")
    words = (f"runs_file={tmp_path / 'runs.txt'}", "hydra/launcher=submitit_local", "hydra.sweeper.n_parallel=2")
    words = (*words, "hydra.sweeper.n_trials=4", "hydra.sweeper.confirm={n_seeds: 0}", "sleep=8")
    process = start(command(tmp_path, *words), tmp_path, environment())
    wait_for(lambda: len(list((tmp_path / "sweep").glob("*/started.json"))) == 2, process)
    process.kill()
    process.wait()  # its pipe stays open in the jobs, which live on
    text = sweep(tmp_path, *words)
    assert "still runs as job" in text
    assert not events(tmp_path, "lost")
    assert len(executions(tmp_path)) == 4
    check_invariants(tmp_path, 4)
