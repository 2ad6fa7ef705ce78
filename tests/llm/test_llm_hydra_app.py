"""The command that a user types: a Hydra application swept by a model behind HTTP, then replayed without it."""

import shutil
from pathlib import Path

import pytest
from modest_scientist import model

from hydra_llm.search.log.event_log import read_events
from hydra_llm.search.log.events import Told
from hydra_llm.sweeper.dispatch.recorded_order import recorded_groups
from programs import PYTHON, environment, finish, proposed

APP = Path(__file__).with_name("llm_app.py")
KEY = "sk-typed-by-a-user"
SWEEP = [
    "-m",
    "hydra/sweeper=llm_ucb",
    "hydra.sweeper.metric=score",
    "hydra.sweeper.n_trials=6",
    "hydra.sweeper.n_parallel=2",
    "hydra.sweeper.dispatch=batch",  # answers can be replayed only to the questions that were asked
    "lr=tag(log,interval(1e-4,1e-1))",
    "noise=interval(0,2)",
    "act=relu,tanh",
]


def sweep(folder, *arguments, **environ):
    """Run the sweep; returns (console, the trials' overrides and origins as the event log has them)."""
    command = [PYTHON, str(APP), *SWEEP, f"hydra.sweep.dir={folder}", *arguments]
    done = finish(command, env=environment("OPENAI_BASE_URL", **environ), timeout=120)
    return done.stdout, [(trial["number"], trial["proposal"]) for trial in proposed(folder)]


def order(folder):
    """The trials that had ended at each question, and the moments at which they ended, in the order of the log."""
    events = read_events(folder / "events.jsonl")
    moments = [event.outcome.ended for event in events if isinstance(event, Told)]
    return [sorted(group) for group in recorded_groups(events)], moments


def test_a_key_in_the_environment_or_a_server_in_the_config_makes_the_model_propose(serve, tmp_path):
    server = serve(*[model] * 12)
    console, trials = sweep(tmp_path, f"hydra.sweeper.llm.base_url={server.base_url}", OPENAI_API_KEY=KEY)
    assert "llm proposes" in console
    assert [proposal["provenance"]["source"] for _, proposal in trials] == ["rules"] + ["llm"] * 5
    assert '"less noise"' in console, "the model's words are shown as they come"
    assert "HTTP Request" not in console
    assert server.keys == [KEY] * len(server.keys)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_a_recorded_sweep_replays_through_the_command_line_without_key_and_server(serve, tmp_path):
    server = serve(*[model] * 12)
    first, again = tmp_path / "first", tmp_path / "again"
    _, recorded = sweep(first, f"hydra.sweeper.llm.base_url={server.base_url}")
    asked = len(server.requests)
    again.mkdir()
    (first / "transcripts").rename(again / "transcripts")
    _, replayed = sweep(again, "hydra.sweeper.llm.transcript=replay", "hydra.sweeper.proposer=llm")
    assert replayed == recorded
    assert len(server.requests) == asked


def test_a_sweep_over_slots_replays_whatever_ends_first_this_time(serve, tmp_path):
    server = serve(*[model] * 12)
    slots = "hydra.sweeper.dispatch=fork"
    first, again = tmp_path / "first", tmp_path / "again"
    _, recorded = sweep(first, slots, f"hydra.sweeper.llm.base_url={server.base_url}", SLOW="0")
    shutil.copytree(first / "transcripts", again / "transcripts")
    shutil.copy(first / "events.jsonl", again / "transcripts")
    _, replayed = sweep(again, slots, "hydra.sweeper.llm.transcript=replay", "hydra.sweeper.proposer=llm", SLOW="1,2,3")
    assert replayed == recorded
    groups, moments = order(again)
    assert groups == order(first)[0]
    assert moments != sorted(moments), "trial 0 ended first this time, and was held back"


def test_without_key_and_server_the_gaussian_process_proposes_and_the_first_lines_say_so(tmp_path):
    console, trials = sweep(tmp_path)
    assert "bayes proposes" in console
    assert {proposal["provenance"]["source"] for _, proposal in trials} == {"bayes"}


@pytest.mark.parametrize("setting", ["on_llm_failure=rules", "on_llm_failure=stop"])
def test_a_server_that_is_gone_is_named_in_every_record_or_stops_the_sweep(tmp_path, setting):
    arguments = ["hydra.sweeper.llm.base_url=http://127.0.0.1:9/v1", "hydra.sweeper.llm.max_attempts=1"]
    if setting.endswith("rules"):
        _, trials = sweep(tmp_path, *arguments, f"hydra.sweeper.llm.{setting}")
        assert all(
            "llm failed: The server at http://127.0.0.1:9/v1" in p["provenance"]["fallback_reason"]
            for n, p in trials
            if n > 0
        )
        return
    with pytest.raises(AssertionError, match="on_llm_failure is stop"):
        sweep(tmp_path, *arguments, f"hydra.sweeper.llm.{setting}")
