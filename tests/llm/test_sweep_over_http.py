"""Twelve trials whose every decision crosses a real HTTP connection: study, proposer, openai client, server."""

import itertools
import socket
from pathlib import Path

import pytest
from chat_server import Fault
from modest_scientist import KEY, SPACE, model

from hydra_llm.search.proposers.llm.build import build
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import from_result

SETTINGS = Settings(SPACE, Objective("score"), n_trials=12, n_parallel=2, seed=3, seed_keys=("seed",))


class Crash(BaseException):
    pass


def task(values):
    """Best at lr=0.01, noise=0, tanh."""
    return {"score": -abs(values["noise"]) - (values["act"] == "relu") - 10 * abs(values["lr"] - 1e-2)}


def sweep(folder, crash_at=None, **llm):
    """Run the sweep; returns number -> (values, parent, provenance). `crash_at`: the question after which it dies."""
    folder.mkdir(exist_ok=True)
    proposer = build({"folder": str(folder), "api_key_env": "TEST_KEY", "model": "m", **llm}, write=lambda _: None)
    asked = itertools.count()

    def propose_or_die(context, propose=proposer.propose):
        proposals = propose(context)
        if next(asked) == crash_at:
            raise Crash
        return proposals

    proposer.propose = propose_or_die
    study = Study(folder, SETTINGS, make_policy("puct_rank", None), proposer, argv=[], clock=lambda: 0.0)
    while not study.is_over:
        for trial in study.launched(study.ask(2)):
            study.tell(trial.number, from_result(task(trial.values), SETTINGS.objective))
    trials = {n: (t.values, t.proposal.parent, str(t.proposal.provenance)) for n, t in study.state.trials.items()}
    study.close("test")
    return trials


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", KEY)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("abilities", [{}, {"schemas": False, "json_mode": False}], ids=["schemas", "no schemas"])
def test_a_model_behind_http_drives_a_whole_sweep(serve, tmp_path, stream, abilities):
    server = serve(*[model] * 30, **abilities)
    trials = sweep(tmp_path, base_url=server.base_url, stream=stream)
    assert len(trials) == 12
    assert trials[0][2] == "rules", "the baseline is the application's own configuration"
    assert {trial[2] for number, trial in trials.items() if number > 0} == {"llm"}
    assert any(parent not in (None, 0) for _, parent, _ in trials.values()), "the tree grew beyond its root"


def test_a_model_that_talks_garbage_is_replaced_by_the_rules_and_every_record_says_so(serve, tmp_path):
    server = serve(*["<think>hmm</think> Let me see. Probably {lower}."] * 40)
    trials = sweep(tmp_path, base_url=server.base_url, max_repairs=1)
    assert len(trials) == 12
    by_rules = [origin for number, (_, _, origin) in trials.items() if number > 0]
    assert all(origin.startswith("rules (llm failed: 2 answers with errors") for origin in by_rules)


def test_an_outage_in_the_middle_costs_single_slots_and_not_the_sweep(serve, tmp_path):
    server = serve(model, model, Fault(401, f"bad key {KEY}"), Fault(garbage=True), *[model] * 20)
    trials = sweep(tmp_path, base_url=server.base_url, max_attempts=1)
    origins = [origin for _, _, origin in trials.values()]
    assert sum(origin.startswith("rules (llm failed:") for origin in origins) == 4
    assert origins.count("llm") == 7


def test_a_recorded_sweep_replays_to_the_same_events_with_the_network_forbidden(serve, tmp_path, monkeypatch):
    server = serve(*[model] * 30)
    first = sweep(tmp_path / "first", base_url=server.base_url)
    (tmp_path / "again").mkdir()
    (tmp_path / "first" / "transcripts").rename(tmp_path / "again" / "transcripts")
    monkeypatch.delenv("TEST_KEY")
    monkeypatch.setattr(socket.socket, "connect", _no_network)
    assert sweep(tmp_path / "again", transcript="replay") == first
    events = [(tmp_path / name / "events.jsonl").read_text() for name in ("first", "again")]
    assert events[0] == events[1]


@pytest.mark.parametrize("crash_at", [1, 3])
def test_a_sweep_that_dies_between_answer_and_record_goes_on_without_asking_again(serve, tmp_path, crash_at):
    whole = serve(*[model] * 30)
    uninterrupted = sweep(tmp_path / "whole", base_url=whole.base_url)
    server = serve(*[model] * 30)
    with pytest.raises(Crash):
        sweep(tmp_path / "resumed", crash_at, base_url=server.base_url)
    assert sweep(tmp_path / "resumed", base_url=server.base_url) == uninterrupted
    assert len(server.requests) == len(whole.requests)


def test_no_file_of_a_sweep_holds_the_key(serve, tmp_path):
    server = serve(model, Fault(401, f"bad key {KEY}"), *[model] * 20)
    sweep(tmp_path, base_url=server.base_url)
    assert KEY in server.keys
    files = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not [path for path in files if KEY in path.read_text()]


def _no_network(*_):
    raise AssertionError("a replay opened a connection")
