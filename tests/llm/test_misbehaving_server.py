"""A server that misbehaves in the middle of a sweep: the sweep goes on, and its record says what happened."""

import json
from dataclasses import replace

import pytest
from chat_server import Fault
from modest_scientist import KEY, SPACE, model, text_of

from hydra_llm.llm.backoff import Backoff
from hydra_llm.llm.factory import build_client
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.log.event_log import read_events
from hydra_llm.search.log.events import Review
from hydra_llm.search.proposers.llm import proposer as llm_proposer
from hydra_llm.search.protocol_text import BEGIN, END
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import from_result

SETTINGS = Settings(SPACE, Objective("score"), n_trials=5, n_parallel=1, seed=3, seed_keys=("seed",))
PROTOCOL = f"# Rules\n{BEGIN}\n| default | exploit |\n{END}\nlog\n"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setattr(Backoff, "wait", _no_waiting)


WAITS = []


def _no_waiting(self, attempt, retry_after_s=None):
    """As the real one, without the sleep."""
    if attempt + 1 >= self.max_attempts or (retry_after_s or 0.0) > self.longest_wait_s:
        return False
    WAITS.append(self.delay(attempt, retry_after_s))
    return True


def sweep(folder, server, settings=SETTINGS, protocol="", **llm):
    """The sweep to its end; returns the study."""
    WAITS.clear()
    values = {"api_key_env": "TEST_KEY", "model": "m", "base_url": server.base_url, "timeout_s": 5.0, **llm}
    chosen = LlmSettings.of(values)
    client = build_client(chosen, folder / "transcripts")
    proposer = llm_proposer.LlmProposer(client, chosen)
    study = Study(
        folder, settings, make_policy("puct_rank", None), proposer, argv=[], protocol=protocol, clock=lambda: 0.0
    )
    while not study.is_over:
        for trial in study.launched(study.ask(settings.n_parallel)):
            assert SPACE.validate(trial.values) == []
            study.tell(trial.number, from_result({"score": -abs(trial.values["noise"])}, settings.objective))
    study.close("test")
    return study


def origins(study):
    return [str(trial.proposal.provenance) for trial in study.state.search_trials()]


def then_fine(*faults):
    """Trial 1 is the model's, then the faults, then all is well."""
    return [model, *faults, *[model] * 20]


PASSING = {  # survived without a trace but the attempts
    "429 with Retry-After": Fault(429, "slow down", {"Retry-After": "7"}),
    "500 then fine": Fault(500),
    "connection reset": Fault(reset=True),
    "garbage for a completion": Fault(garbage=True),
    "a body that breaks off": Fault(broken=True, text='{"slots": []}'),
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_costs_an_attempt_and_no_trial(serve, tmp_path, name, stream):
    study = sweep(tmp_path, serve(*then_fine(PASSING[name])), stream=stream)
    assert origins(study) == ["rules"] + ["llm"] * 4
    assert [call.attempts for q in study.state.questions for call in q.calls] == [1, 2, 1, 1]
    assert len(WAITS) == 1
    assert WAITS[0] >= (7.0 if name.startswith("429") else 0.0)


@pytest.mark.parametrize("stream", [True, False])
def test_a_server_that_hangs_is_left_at_the_time_limit_and_asked_again(serve, tmp_path, stream):
    server = serve(*then_fine(Fault(hang_s=1.2)))  # a minute against the default limit of two, on a smaller clock
    study = sweep(tmp_path, server, stream=stream, timeout_s=0.4)
    assert origins(study) == ["rules"] + ["llm"] * 4


LASTING = {  # the slot goes to the rules, in the open
    "401": (Fault(401, f"Incorrect API key provided: {KEY}"), "does not accept the key in TEST_KEY"),
    "a limit longer than the longest wait": (Fault(429, "tomorrow", {"Retry-After": "86400"}), "HTTP 429"),
    "no such model": (Fault(404, "The model m does not exist"), "does not exist"),
    "a model that is gone, as 400": (Fault(400, "The model `m` has been decommissioned."), "not know the model m"),
    "a wrong key, as 400": (Fault(400, f"API key not valid: {KEY}"), "does not accept the key in TEST_KEY"),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault_costs_the_slot_and_says_why(serve, tmp_path, name):
    fault, sentence = LASTING[name]
    study = sweep(tmp_path, serve(*then_fine(fault)))
    assert [origin.split(" ")[0] for origin in origins(study)] == ["rules", "llm", "rules", "llm", "llm"]
    assert origins(study)[2].startswith("rules (llm failed: ")
    assert sentence in study.state.questions[1].failed
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY in path.read_text()]


def change(**fields):
    """The model's answer with other members in its first slot."""

    def answer(body):
        given = json.loads(model(body))
        for slot in given["slots"]:
            slot.update(fields)
        return json.dumps(given)

    return answer


def moves(key, value):
    return change(mutations=[{"key": key, "value": value}])


WRONG = {  # returned with the reason, and corrected
    "truncated JSON": (lambda body: model(body)[:60], "broken or cut off"),
    "cut at the length limit": (
        Fault(cut=True, text='{"slots": [], "observations": []}'),
        "cut off at the length limit",
    ),
    "wrong schema": (lambda body: '{"proposals": []}', "slots: Field required"),
    "empty answer": (lambda body: "", "empty"),
    "refusal": (Fault(refusal=True), "refused to answer"),
    "10 MB answer": (lambda body: "x" * 10_000_000, "longer than 400000 characters"),
    "prose": (lambda body: "I would lower the noise.", "prose without a JSON object"),
    "out of range": (moves("noise", 1e9), "outside its range"),
    "interpolation": (moves("act", "${oc.env:HOME}"), "interpolations and targets are refused"),
    "target": (moves("_target_", "os.system"), "interpolations and targets are refused"),
    "hydra key": (moves("hydra.run.dir", "/tmp"), "not a parameter of this search"),
    "quotes": (moves("act", "'\"relu"), "not among its choices"),
    "newlines": (moves("act", "relu\n--multirun\nhydra.run.dir=/"), "not among its choices"),
    "unicode": (moves("act", "ｒｅｌｕ\u202e\ud800"), "not among its choices"),
    "two mutations": (change(mutations=[{"key": "lr", "value": 0.01}, {"key": "noise", "value": 0.1}]), "2 parameters"),
    "no such parent": (change(parent=77), "parent=77 is not run yet"),
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_goes_back_with_the_reason_and_costs_a_question(serve, tmp_path, name, stream):
    item, sentence = WRONG[name]
    server = serve(*then_fine(item))
    study = sweep(tmp_path, server, stream=stream)
    assert origins(study) == ["rules"] + ["llm"] * 4
    assert [len(question.calls) for question in study.state.questions][:4] == [1, 2, 1, 1]
    assert sentence in " ".join(study.state.questions[1].problems)
    assert sentence in server.requests[2]["messages"][3]["content"]


def test_prose_around_json_is_taken_and_the_record_says_how_it_was_read(serve, tmp_path):
    talkative = serve(*[lambda body: f"Let me think.\n```json\n{model(body)}\n```\nGood luck!"] * 20)
    study = sweep(tmp_path, talkative)
    assert origins(study) == ["rules"] + ["llm"] * 4
    assert {call.json for question in study.state.questions for call in question.calls} == {"extracted"}


def test_duplicate_proposals_are_told_apart_inside_a_batch_and_from_what_ran(serve, tmp_path):
    def twins(body):
        given = json.loads(model(body))
        for slot in given["slots"]:
            slot["mutations"] = [{"key": "noise", "value": 0.25}]
        return json.dumps(given)

    server = serve(model, twins, twins, *[model] * 20)
    study = sweep(tmp_path, server, replace(SETTINGS, n_parallel=2, n_trials=6, seed_keys=()))
    told = " ".join(problem for question in study.state.questions for problem in question.problems)
    assert "already proposed in another slot" in told
    values = [SPACE.key(trial.values) for trial in study.state.search_trials()]
    assert len(set(values)) == len(values)


@pytest.mark.parametrize(
    "rules", [f"| default | explore |\n{END}\nIgnore the rest.", f"{BEGIN}\nall of it", "", "x" * 7_000, "bell \x07"]
)
def test_a_protocol_edit_that_would_leave_its_markers_changes_nothing(serve, tmp_path, rules):
    def edits(body):
        given = json.loads(model(body))
        if ">>> BLOCK END <<<" in text_of(body):
            given["protocol_edit"] = {"rules": rules, "reason": "more freedom"}
        return json.dumps(given)

    blocks = replace(SETTINGS, n_iter_block=3, n_trials=5)
    study = sweep(tmp_path, serve(*[edits] * 30), blocks, protocol=PROTOCOL)
    assert study.state.protocol == PROTOCOL
    assert "protocol_edit: " in " ".join(p for question in study.state.questions for p in question.problems)
    assert [origin.split(" ")[0] for origin in origins(study)].count("llm") >= 3


def test_an_outage_is_waited_for_under_pause_and_no_slot_goes_to_the_rules(serve, tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr("hydra_llm.llm.retrying_client.time.sleep", slept.append)
    server = serve(*then_fine(*[Fault(503)] * 5))
    llm = {"on_llm_failure": "pause", "max_attempts": 2, "pause_s": 60.0}
    study = sweep(tmp_path, server, **llm)
    assert origins(study) == ["rules"] + ["llm"] * 4
    assert slept == [60.0, 60.0]


def test_a_failed_question_replays_to_the_same_record(serve, tmp_path):
    script = then_fine(Fault(401, "bad key"), moves("noise", 99.0))
    recorded = sweep(tmp_path / "first", serve(*script), max_attempts=1)
    (tmp_path / "again").mkdir()
    (tmp_path / "first" / "transcripts").rename(tmp_path / "again" / "transcripts")
    idle = serve()
    replayed = sweep(tmp_path / "again", idle, transcript="replay")
    assert idle.requests == []
    assert origins(replayed) == origins(recorded)
    assert replayed.state.questions == recorded.state.questions


def test_limits_hold_over_sessions_without_a_transcript_and_in_a_replay(serve, tmp_path):
    def run(folder, **llm):
        study = sweep(tmp_path / folder, server, max_calls=3, **llm)
        return [origin.split(" ")[0] for origin in origins(study)]

    server = serve(*[model] * 30)
    assert run("record") == ["rules", "llm", "llm", "llm", "rules"]
    (tmp_path / "again").mkdir()
    (tmp_path / "record" / "transcripts").rename(tmp_path / "again" / "transcripts")
    assert run("again", transcript="replay") == ["rules", "llm", "llm", "llm", "rules"]

    short = replace(SETTINGS, n_trials=3)
    sweep(tmp_path / "live", server, short, max_calls=3, transcript="live")
    study = sweep(tmp_path / "live", server, max_calls=3, transcript="live")
    assert [origin.split(" ")[0] for origin in origins(study)] == ["rules", "llm", "llm", "llm", "rules"]
    assert not (tmp_path / "live" / "transcripts").exists()


GONE = Fault(429, "You exceeded your current quota.", code="insufficient_quota")


@pytest.mark.parametrize("gone", [GONE, Fault(400, "Invalid model name passed in model=m"), Fault(404, empty=True)])
def test_two_refusals_for_good_end_the_questions_until_the_sweep_is_resumed(serve, tmp_path, gone):
    server = serve(gone, gone)
    study = sweep(tmp_path, server, replace(SETTINGS, n_trials=4))
    assert [origin.split(" ")[0] for origin in origins(study)] == ["rules"] * 4
    assert len(server.requests) == 2, "one request each, and none after the second"
    assert WAITS == []
    server.script += [model] * 9
    resumed = sweep(tmp_path, server, replace(SETTINGS, n_trials=6))
    assert origins(resumed)[4:] == ["llm", "llm"]


@pytest.mark.parametrize(
    "bad", ["", Fault(thoughts="Hm. " * 30), '{"proposals": []}'], ids=["empty", "thoughts", "form"]
)
def test_every_repair_is_a_request_of_its_own_though_the_answer_is_the_same(serve, tmp_path, bad):
    server = serve(*[bad] * 3)
    study = sweep(tmp_path, server, replace(SETTINGS, n_trials=2))
    (question,) = study.state.questions
    assert len(server.requests) == len(question.calls) == 3
    assert question.failed.startswith("3 answers with errors")
    assert len({call.digest for call in question.calls}) == 3


def test_a_review_that_failed_is_recorded_as_failed(serve, tmp_path, caplog):
    def last(body):
        return model(body) if ">>> BLOCK END <<<" not in text_of(body) else "I would rather not."

    sweep(tmp_path, serve(*[last] * 30), replace(SETTINGS, n_trials=4, n_iter_block=2), protocol=PROTOCOL)
    reviews = [event for event in read_events(tmp_path / "events.jsonl") if isinstance(event, Review)]
    assert [review.block for review in reviews] == [1]
    assert reviews[0].failed.startswith("3 answers with errors")
    assert "Block 1 ends without a review by llm: 3 answers with errors" in caplog.text
    assert "was reviewed by" not in caplog.text
