"""One short question before the first trial: what a wrong setting costs is known before anything runs."""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from chat_server import Fault
from modest_scientist import KEY, SPACE, model, text_of
from typer.testing import CliRunner

from hydra_llm.cli.main import app
from hydra_llm.llm.base import JsonSource, Message, Request
from hydra_llm.llm.factory import build_client
from hydra_llm.llm.first_question import ask_first
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.log.event_log import read_events
from hydra_llm.search.log.events import Asked, Question
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import from_result
from programs import PYTHON, environment, run

PROGRAM = Path(__file__).with_name("llm_app.py")
READY = '{"ready": true}'
SWEEP = [
    "-m",
    "hydra/sweeper=llm_ucb",
    "hydra.sweeper.metric=score",
    "hydra.sweeper.n_trials=2",
    "hydra.sweeper.dispatch=batch",
    "noise=interval(0,2)",
]
NO_MODEL = Fault(404, "The model gpt-4.1-mini does not exist")


def nobody():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/v1"


def command(folder, base_url, *arguments, expect=0):
    """The command that a user types, with two trials; returns what it says."""
    words = [PYTHON, str(PROGRAM), *SWEEP, f"hydra.sweep.dir={folder}", f"hydra.sweeper.llm.base_url={base_url}"]
    return run([*words, *arguments], env=environment("OPENAI_BASE_URL", OPENAI_API_KEY=KEY), timeout=120, expect=expect)


def sweep(folder, server, trials=2, **values):
    """The same without Hydra; returns the study."""
    settings = Settings(SPACE, Objective("score"), n_trials=trials, n_parallel=1, seed=3, seed_keys=("seed",))
    proposer = LlmProposer(client_of(server, folder, **values), LlmSettings.of(values))
    study = Study(folder, settings, make_policy("puct_rank", None), proposer, argv=[])
    ready = study.prepare()
    while ready and not study.is_over:
        for trial in study.launched(study.ask(1)):
            study.tell(trial.number, from_result({"score": -trial.values["noise"]}, settings.objective))
    study.close("test")
    return study


def first_questions(folder):
    return [event for event in read_events(folder / "events.jsonl") if isinstance(event, Question) and event.block == 0]


def asked_trials(folder):
    return [
        trial for event in read_events(folder / "events.jsonl") if isinstance(event, Asked) for trial in event.trials
    ]


def is_first(body):
    return '{"ready": true}' in text_of(body)


def client_of(server, folder, **values):
    values = {"base_url": server if isinstance(server, str) else server.base_url, **values}
    return build_client(LlmSettings.of(values), folder / "transcripts")


# ---- the question itself ----


def test_a_model_that_answers_has_no_problem_and_its_tokens_count(serve, tmp_path):
    server = serve(READY)
    client = client_of(server, tmp_path)
    reply = ask_first(client)
    assert reply.problem == ""
    assert "answers (JSON by schema, " in reply.line
    assert client.meter.spent.calls == 1
    assert 0 < client.meter.spent.tokens < 200
    assert client_of(server, tmp_path).meter.spent == client.meter.spent, "a resumed sweep knows of it"


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (NO_MODEL, "does not know the model"),
        (Fault(401, "no"), "does not accept the key"),
        (Fault(429, "pay", code="insufficient_quota"), "has nothing left"),
        (Fault(thoughts="Hm. "), "all 4 characters into its reasoning"),
        ("I am ready.", "not with the JSON that it was asked for"),
    ],
)
def test_what_is_wrong_is_one_sentence(serve, tmp_path, monkeypatch, item, sentence):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert sentence in ask_first(client_of(serve(item), tmp_path)).problem


def test_an_outage_is_not_waited_for_though_the_sweep_would(tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr("hydra_llm.llm.retrying_client.time.sleep", slept.append)
    reply = ask_first(client_of(nobody(), tmp_path, on_llm_failure="pause", max_attempts=9))
    assert "gave no answer after 2 attempts" in reply.problem
    assert slept == []


def test_it_is_asked_anew_in_every_session_and_only_read_in_a_replay(serve, tmp_path):
    server = serve(READY, NO_MODEL)
    assert ask_first(client_of(server, tmp_path)).problem == ""
    assert "does not know" in ask_first(client_of(server, tmp_path)).problem
    replayed = ask_first(client_of(server, tmp_path, transcript="replay"))
    assert "does not know" in replayed.problem
    assert len(server.requests) == 2
    assert ask_first(client_of(server, tmp_path / "else", transcript="replay")) is None


@pytest.mark.parametrize(
    "values", [{"client": "command", "command": ["false"]}, {"client": "scripted", "script": ["{}"]}, {"max_calls": 0}]
)
def test_nothing_is_asked_where_it_tells_nothing_or_may_cost_nothing(serve, tmp_path, values):
    server = serve(READY)
    assert ask_first(client_of(server, tmp_path, **values)) is None
    assert server.requests == []


def another():
    return Request((Message("system", "Answer in JSON."), Message("user", "Which?")), {"type": "object"})


def test_what_the_first_question_learns_of_a_server_the_next_ones_know(serve, tmp_path):
    server = serve(*[READY] * 2, schemas=False)
    server.streams = False
    client = client_of(server, tmp_path)
    assert ask_first(client).answer.attempts == 3
    answer = client.complete(another())
    assert (answer.attempts, answer.json_source) == (1, JsonSource.JSON_MODE)
    assert "stream" not in server.requests[-1]


def test_the_first_question_knows_what_earlier_ones_learnt(serve, tmp_path):
    client = client_of(serve(*[READY] * 3, schemas=False), tmp_path)
    client.complete(another())
    assert ask_first(client).answer.attempts == 1


def test_a_parameter_that_the_first_question_lost_is_still_told_with_every_answer(serve, tmp_path):
    client = client_of(serve(Fault(400, "unknown parameter: temperature"), READY, READY), tmp_path, temperature=0.5)
    ask_first(client)
    assert client.complete(another()).notes == ("The server does not take temperature; the question went without.",)


def test_the_interface_that_the_first_question_finds_the_next_ones_use(serve, tmp_path, monkeypatch):
    server = serve(READY, READY, responses=False)
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    client = build_client(LlmSettings.of({}), tmp_path / "transcripts")
    ask_first(client)
    client.complete(another())
    assert [path.rpartition("/v1/")[2] for path in server.paths] == ["responses", *["chat/completions"] * 2]


def test_questions_in_threads_know_what_the_first_one_learnt(serve, tmp_path):
    server = serve(*[READY] * 9, schemas=False)
    client = client_of(server, tmp_path)
    ask_first(client)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda sample: client.complete(replace(another(), sample=sample)), range(8)))
    assert [answer.attempts for answer in answers] == [1] * 8


def test_a_first_question_that_is_refused_teaches_nothing(serve, tmp_path):
    server = serve(*[Fault(400, "no luck")] * 4, READY)
    client = client_of(server, tmp_path)
    assert "refuses the question" in ask_first(client).problem
    assert client.complete(another()).json_source is JsonSource.SCHEMA


# ---- before a sweep ----


def test_a_wrong_address_is_a_warning_with_reason_remedy_and_stake_before_trial_0(serve, tmp_path):
    server = serve(*[Fault(404, page=True)] * 3)
    said = command(tmp_path, server.base_url.removesuffix("/v1"))
    before = said[said.index("llm proposes") : said.index("[1/2] trial 0")]
    assert f"try hydra.sweeper.llm.base_url={server.base_url}" in before
    assert "every proposal for the trials that are left (2) falls back to the coded rules" in before
    assert "hydra.sweeper.llm.first_question=stop" in before
    (question,) = first_questions(tmp_path)
    assert "an HTML page" in question.failed
    assert len(server.requests) == 2, "the question of trial 1 was the second refusal in a row"


def test_stop_ends_the_sweep_before_anything_is_launched(serve, tmp_path):
    said = command(tmp_path, serve(NO_MODEL).base_url, "hydra.sweeper.llm.first_question=stop", expect=1)
    assert "Nothing was launched (hydra.sweeper.llm.first_question=stop)" in said
    assert "Iteration" not in said
    assert "Traceback" not in said
    assert asked_trials(tmp_path) == []


def test_a_stopped_sweep_goes_on_when_the_model_answers(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server = serve(NO_MODEL, READY, *[model] * 3)
    stopped = sweep(tmp_path, server, first_question="stop")
    assert "does not know the model" in stopped.failure
    assert len(sweep(tmp_path, server, first_question="stop").state.search) == 2
    assert [bool(question.failed) for question in first_questions(tmp_path)] == [True, False]


def test_a_resumed_sweep_stops_as_a_new_one_does(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server = serve(READY, *[model] * 3)
    sweep(tmp_path, server)
    study = sweep(tmp_path, serve(NO_MODEL), trials=4, first_question="stop")
    assert study.is_over
    assert len(study.state.search) == 2


def test_a_resumed_sweep_asks_again_and_counts_both_and_a_finished_one_asks_nothing(serve, tmp_path):
    server = serve(READY, model, READY, model)
    sweep(tmp_path, server)
    spent = sweep(tmp_path, server, trials=3).state.questions
    assert [is_first(body) for body in server.requests] == [True, False, True, False]
    assert len({call.digest for question in spent for call in question.calls}) == 4
    assert client_of(server, tmp_path).meter.spent.calls == 4
    sweep(tmp_path, server, trials=3)
    assert len(server.requests) == 4


def test_never_asks_nothing(serve, tmp_path):
    server = serve(model)
    sweep(tmp_path, server, first_question="never")
    assert [is_first(body) for body in server.requests] == [False]


@pytest.mark.parametrize("first", [READY, NO_MODEL], ids=["ready", "refused"])
def test_a_replay_ends_its_questions_where_the_recorded_sweep_did(serve, tmp_path, first):
    server = serve(first, *([NO_MODEL] if first is NO_MODEL else []), *[model] * 9)
    recorded = sweep(tmp_path / "first", server, trials=4, max_calls=2)
    assert len(server.requests) == 2
    (tmp_path / "again").mkdir()
    (tmp_path / "first" / "transcripts").rename(tmp_path / "again" / "transcripts")
    replayed = sweep(tmp_path / "again", server, trials=4, max_calls=2, transcript="replay")
    assert len(server.requests) == 2
    assert replayed.state.questions == recorded.state.questions
    authors = [trial.proposal.provenance.source for trial in recorded.state.search_trials()]
    assert authors == ["rules", "llm" if first is READY else "rules", "rules", "rules"]
    assert [trial.values for trial in replayed.state.search_trials()] == [
        trial.values for trial in recorded.state.search_trials()
    ]


# ---- hydra-llm doctor ----


def doctor(*arguments):
    done = CliRunner().invoke(app, ["doctor", *map(str, arguments)])
    (line,) = [line for line in done.output.splitlines() if "language model: " in line]
    return done.exit_code, line


@pytest.fixture
def quick_installation(monkeypatch):
    monkeypatch.setattr("hydra_llm.cli.health.installation", lambda: iter(()))


@pytest.mark.usefixtures("quick_installation")
def test_doctor_asks_the_model_of_the_folder_and_tells_the_verdict(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server = serve(READY, NO_MODEL)
    llm = f"{{client: openai, base_url: '{server.base_url}', model: null}}"
    (tmp_path / "multirun.yaml").write_text(f"hydra: {{sweeper: {{proposer: auto, llm: {llm}}}}}")
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    code, line = doctor(tmp_path)
    assert (code, line.split()[0]) == (0, "ok")
    assert "gpt-4.1-mini answers (JSON by schema, " in line
    code, line = doctor(tmp_path)
    assert (code, line.split()[0]) == (1, "WRONG")
    assert "does not know the model gpt-4.1-mini" in line
    assert files == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert KEY not in line


@pytest.mark.usefixtures("quick_installation")
def test_doctor_asks_settings_that_are_given_and_reads_an_address_from_the_environment(serve, tmp_path, monkeypatch):
    server = serve(READY, READY)
    assert "qwen answers" in doctor(tmp_path, "--set", f"base_url={server.base_url}", "--set", "model=qwen")[1]
    (tmp_path / "multirun.yaml").write_text(
        "hydra: {sweeper: {proposer: auto, llm: {model: qwen, base_url: '${oc.env:MY_SERVER}'}}}"
    )
    monkeypatch.delenv("MY_SERVER", raising=False)
    code, line = doctor(tmp_path)
    assert code == 1
    assert "Give it as base_url=value" in line
    monkeypatch.setenv("MY_SERVER", server.base_url)
    assert "qwen answers" in doctor(tmp_path)[1]


@pytest.mark.usefixtures("quick_installation")
@pytest.mark.parametrize(
    ("node", "words"),
    [
        ("", "no sweep here names a model: not asked"),
        ("proposer: bayes", "the sweep's proposer is bayes: not asked"),
        ("proposer: auto, llm: {client: {_target_: my.Own}}", "a client of your own: not asked"),
        ("proposer: auto, llm: {modle: x}", "got modle"),
    ],
)
def test_doctor_asks_nothing_where_no_model_proposes(tmp_path, monkeypatch, node, words):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it opened a connection"))
    if node:
        (tmp_path / "multirun.yaml").write_text(f"hydra: {{sweeper: {{{node}}}}}")
    assert words in doctor(tmp_path)[1]
