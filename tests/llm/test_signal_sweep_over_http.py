"""train.py on signal_chaotic, twelve short trials, every decision over HTTP; then again without a network."""

import json
from pathlib import Path

import pytest
from modest_scientist import scientist

from programs import PYTHON, environment, finish

pytest.importorskip("torch")
ROOT = Path(__file__).parents[2]
KEY = "sk-typed-by-a-user-0123456789"
TINY = [
    "simulation=signal_chaotic",
    "logger=none",
    "simulation.n_neurons=20",
    "simulation.n_frames=1000",
    "simulation.n_frames_validation=200",
    "simulation.n_frames_test=200",
    "training.max_steps=20",
    "training.must_beat=[]",  # fits of twenty steps
    "training.rollout_frames=50",
]
SWEEP = [
    "-m",
    "hydra/sweeper=llm_ucb",
    "hydra.sweeper.n_trials=12",
    "hydra.sweeper.n_parallel=2",
    "hydra.sweeper.dispatch=batch",  # answers can be replayed only to the questions that were asked
    "hydra.sweeper.confirm.n_seeds=0",
    "hydra.sweeper.promote=0",
    "hydra.sweeper.llm.figures=always",
    "hydra.sweeper.llm.model=m",
    "hydra.sweeper.llm.prices={m: [2.0, 8.0]}",
]
NO_NETWORK = """
import socket
def refuse(self, address):
    raise AssertionError(f"a connection to {address} was opened")
socket.socket.connect = refuse
"""
CLOCKS = ("time", "started", "ended", "folder", "argv", "versions")


@scientist
def model(trials: int, index: int) -> tuple[str, float]:
    key = ("training.learning_rate_W_start", "training.learning_rate_start")[index % 2]
    return key, round(3e-3 / (1 + trials + index), 8) / (1, 10)[index % 2]


def run(folder, *arguments, **environ):
    """One sweep of train.py; returns the console."""
    command = [PYTHON, str(ROOT / "train.py"), *SWEEP, *TINY, f"hydra.sweep.dir={folder}"]
    command += [f"paths.datasets={folder.parent / 'datasets'}", *arguments]
    return finish(command, folder.parent, environment("OPENAI_BASE_URL", **environ), timeout=600).stdout


def events(folder):
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def timeless(event):
    """An event without clocks and places, those among its metrics included."""
    kept = {key: value for key, value in event.items() if key not in CLOCKS}
    if "metrics" in kept:
        kept["metrics"] = {name: value for name, value in kept["metrics"].items() if "time" not in name}
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_a_model_behind_http_drives_twelve_trials_of_signal_chaotic_and_they_replay_without_network(
    serve, tmp_path, stream
):
    server = serve(*[model] * 40)
    first, again = tmp_path / "first", tmp_path / "again"
    address = f"hydra.sweeper.llm.base_url={server.base_url}"
    console = run(first, address, f"hydra.sweeper.llm.stream={stream}", OPENAI_API_KEY=KEY)

    told = events(first)
    trials = [trial for event in told if event["type"] == "asked" for trial in event["trials"]]
    assert [trial["proposal"]["provenance"]["source"] for trial in trials] == ["rules"] + ["llm"] * 11
    assert {event["state"] for event in told if event["type"] == "told"} == {"COMPLETED"}
    assert server.keys == [KEY] * len(server.requests)

    for body in server.requests:
        assert body.get("stream", False) == stream
        assert body["response_format"]["json_schema"]["strict"] is True
    late = server.requests[-1]["messages"][1]["content"]
    pictures = [part["image_url"]["url"] for part in late if part["type"] == "image_url"]
    assert {url[:22] for url in pictures} == {"data:image/png;base64,"}
    assert 2 <= len(pictures) <= 4
    names = [part["text"] for part in late[1:] if part["type"] == "text"]
    assert names[0].startswith("Figure: newest trial ")
    facts = server.requests[1]["messages"][0]["content"]  # the first is asked before the sweep
    assert "learning rate" in facts, "units and help come from the application's schema"

    calls = [call for event in told if event["type"] == "question" for call in event["calls"]]
    assert len(calls) == len(server.requests)
    assert all(call["json"] == "schema" and not call["estimated"] and call["prompt_tokens"] > 0 for call in calls)
    assert all(
        call["cost"] == pytest.approx((2 * call["prompt_tokens"] + 8 * call["completion_tokens"]) / 1e6)
        for call in calls
    )
    assert "calls," in console
    assert "cost" in console

    assert not [p for p in tmp_path.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]

    again.mkdir()
    (first / "transcripts").rename(again / "transcripts")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_NETWORK)
    asked = len(server.requests)
    replay = ["hydra.sweeper.llm.transcript=replay", "hydra.sweeper.proposer=llm"]
    run(again, *replay, PYTHONPATH=str(tmp_path / "site"))
    assert len(server.requests) == asked
    assert [timeless(event) for event in events(again)] == [timeless(event) for event in told]
