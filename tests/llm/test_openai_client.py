"""The openai client against a real HTTP server on the loopback interface, well-behaved and not."""

import json
import socket
import time
from dataclasses import replace
from email.utils import formatdate

import pytest
from chat_server import Fault
from openai_questions import JSON, KEY, PICTURE, OverHttp, client_at, question

from hydra_llm.llm.backoff import Backoff
from hydra_llm.llm.base import JsonSource, Message, Request
from hydra_llm.llm.errors import ImagesRefused, MissingKey, NotAuthorised, RequestRefused, Unavailable
from hydra_llm.llm.openai_client import MAX_ANSWER_CHARS, OpenAIClient
from hydra_llm.llm.testing import SCHEMA, ClientConformance


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", KEY)


class TestStreamingConformance(OverHttp, ClientConformance):
    stream = True


class TestWholeAnswerConformance(OverHttp, ClientConformance):
    stream = False


# ---- what servers understand ----


@pytest.mark.parametrize("stream", [True, False])
def test_a_server_with_schemas_gets_the_strict_schema_and_its_tokens_are_counted(serve, stream):
    server = serve(JSON)
    answer = client_at(server, stream=stream).complete(question())
    sent = server.requests[0]["response_format"]
    assert sent["json_schema"]["strict"] is True
    assert sent["json_schema"]["schema"] == SCHEMA
    assert answer.json_source is JsonSource.SCHEMA
    assert answer.usage.completion_tokens == len(JSON) // 4
    assert answer.usage.prompt_tokens > 0


@pytest.mark.parametrize(
    ("abilities", "source", "attempts"),
    [
        ({"schemas": False}, JsonSource.JSON_MODE, 2),
        ({"schemas": False, "json_mode": False}, JsonSource.TEXT, 3),
    ],
)
def test_a_server_without_schemas_is_asked_for_less_and_the_answer_says_which(serve, abilities, source, attempts):
    server = serve(JSON, JSON, **abilities)
    client = client_at(server)
    first = client.complete(question())
    assert (first.parsed, first.json_source, first.attempts) == ({"choice": 1}, source, attempts)
    second = client.complete(question())
    assert (second.json_source, second.attempts) == (source, 1), "what the server understands is asked only once"


def test_figures_travel_as_images_with_their_names_and_a_blind_server_refuses_them(serve):
    seeing, blind = serve(JSON), serve(JSON, images=False)
    answer = client_at(seeing).complete(question(PICTURE))
    parts = seeing.requests[0]["messages"][1]["content"]
    assert parts[1] == {"type": "text", "text": "Figure: activity"}
    assert parts[2]["image_url"]["url"] == PICTURE.data_url()
    assert answer.notes == ()
    client = client_at(blind)
    with pytest.raises(ImagesRefused, match=r"takes no figures: HTTP 400.*does not accept image input"):
        client.complete(question(PICTURE))
    assert client.complete(question()).json_source is JsonSource.SCHEMA, "blindness does not cost the schema"


def test_a_server_that_knows_no_stream_options_is_asked_without(serve):
    server = serve(JSON)
    server.stream_options = False
    answer = client_at(server).complete(question())
    assert answer.parsed == {"choice": 1}
    assert answer.json_source is JsonSource.SCHEMA
    assert answer.usage.completion_tokens is None


def test_words_stream_in_pieces_as_they_come(serve):
    words = []
    client_at(serve(JSON)).complete(question(), words.append)
    assert len(words) > 1
    assert "".join(words) == JSON


def test_options_that_a_server_refuses_are_given_up_and_the_answer_says_so(serve):
    server = serve(
        Fault(400, "Unsupported value: 'temperature' does not support 0.5 with this model."),
        Fault(400, "unknown parameter: max_completion_tokens"),
        JSON,
        JSON,
    )
    options = {"temperature": 0.5, "seed": 7, "max_tokens": 900}
    client = OpenAIClient("m", server.base_url, "TEST_KEY", backoff=Backoff(max_attempts=1), **options)
    answer = client.complete(question())
    assert (answer.json_source, answer.attempts) == (JsonSource.SCHEMA, 3)
    assert answer.notes == ("The server does not take temperature; the question went without.",)
    last = client.complete(question()) and server.requests[-1]
    assert (last["seed"], last["max_tokens"]) == (7, 900)
    server.script.append(JSON)
    client.complete(replace(question(), sample=3))
    assert server.requests[-1]["seed"] == 10, "the same question asked again is answered anew"
    assert not {"temperature", "max_completion_tokens"} & set(last)


def test_a_prompt_beyond_the_context_is_refused_at_once_and_costs_no_ability(serve):
    server = serve(Fault(400, "This model's maximum context length is 4096 tokens."), JSON)
    client = client_at(server)
    with pytest.raises(RequestRefused, match="maximum context length"):
        client.complete(question())
    assert client.complete(question()).json_source is JsonSource.SCHEMA
    assert len(server.requests) == 2


# ---- faults ----


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_not_asked_again_and_never_shown(serve, status):
    server = serve(Fault(status, f"Incorrect API key provided: {KEY}"))
    with pytest.raises(NotAuthorised, match="TEST_KEY") as caught:
        client_at(server).complete(question())
    assert KEY not in str(caught.value)
    assert caught.value.__suppress_context__, "a traceback would print the provider's words with the key"
    assert len(server.requests) == 1
    assert server.keys == [KEY]


def test_a_rate_limit_waits_as_long_as_the_server_asks(serve):
    waits = []
    server = serve(Fault(429, "slow down", {"Retry-After": "7"}), JSON)
    answer = client_at(server, waits=waits).complete(question())
    assert answer.parsed == {"choice": 1}
    assert len(waits) == 1
    assert 7.0 <= waits[0] <= 8.0


def test_a_date_in_retry_after_is_read_as_seconds_from_now_and_nonsense_as_nothing(serve):
    for header, low, high in ((formatdate(time.time() + 20, usegmt=True), 17.0, 21.0), ("soon", 0.0, 1.0)):
        waits = []
        client_at(serve(Fault(429, "slow down", {"Retry-After": header}), JSON), waits=waits).complete(question())
        assert low <= waits[0] <= high


def test_a_rate_limit_beyond_all_patience_ends_at_once(serve):
    waits = []
    server = serve(Fault(429, "come back tomorrow", {"Retry-After": "86400"}))
    with pytest.raises(Unavailable, match=r"after 1 attempts.*tomorrow"):
        client_at(server, waits=waits).complete(question())
    assert waits == []


def test_an_outage_hands_on_what_the_server_asked_for(serve):
    with pytest.raises(Unavailable) as caught:
        client_at(serve(Fault(429, "later", {"Retry-After": "900"}))).complete(question())
    assert caught.value.retry_after_s == 900.0


@pytest.mark.parametrize(
    "fault", [Fault(500), Fault(503), Fault(reset=True), Fault(garbage=True), Fault(broken=True, text=JSON)]
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_passing_fault_is_survived(serve, fault, stream):
    waits = []
    answer = client_at(serve(fault, JSON), stream=stream, waits=waits).complete(question())
    assert answer.parsed == {"choice": 1}
    assert answer.attempts == 2
    assert len(waits) == 1


def test_a_lasting_fault_ends_after_the_allowed_attempts_with_the_reason(serve):
    server = serve(*[Fault(500, "disk full")] * 9)
    with pytest.raises(Unavailable, match=r"after 3 attempts: HTTP 500.*disk full"):
        client_at(server).complete(question())
    assert len(server.requests) == 3


@pytest.mark.parametrize("stream", [True, False])
def test_a_hanging_server_is_left_at_the_time_limit(serve, stream):
    with pytest.raises(Unavailable, match=r"0.3 s"):
        client_at(serve(Fault(hang_s=1.5)), stream=stream, timeout_s=0.3, attempts=1).complete(question())


def test_nobody_listening_is_a_sentence_with_the_address():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    with pytest.raises(Unavailable, match=url):
        OpenAIClient("m", url, "TEST_KEY", backoff=Backoff(max_attempts=1)).complete(question())


def test_an_unknown_model_is_refused_at_once(serve):
    server = serve(Fault(404, "The model m does not exist"))
    with pytest.raises(RequestRefused, match="does not exist"):
        client_at(server).complete(question())
    assert len(server.requests) == 1


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("", "empty"),
        (Fault(refusal=True), "refused"),
        (Fault(cut=True, text='{"choice": 123456789}'), "cut off"),
        ("x" * 10_000_000, "longer than"),
        ("Well, it depends.", "prose"),
    ],
    ids=["empty", "refusal", "cut", "10 MB", "prose"],
)
def test_an_unusable_answer_comes_back_with_its_reason(serve, item, reason, stream):
    answer = client_at(serve(item), stream=stream).complete(question())
    assert answer.parsed is None
    assert reason in answer.json_error
    assert len(answer.text) <= MAX_ANSWER_CHARS


def test_a_character_that_utf_8_can_not_hold_does_not_stop_a_question(serve):
    answer = client_at(serve('{"choice": "\\ud800"}')).complete(Request((Message("user", "\ud800?"),), SCHEMA))
    assert answer.parsed == {"choice": "\ud800"}
    answer = client_at(serve("\ud800 is no JSON")).complete(question())
    answer.text.encode("utf-8")


# ---- keys ----


def test_without_key_and_base_url_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("TEST_KEY")
    with pytest.raises(MissingKey, match="TEST_KEY is not set"):
        OpenAIClient("m", api_key_env="TEST_KEY").complete(question())


def test_a_local_server_needs_no_key(serve, monkeypatch):
    monkeypatch.delenv("TEST_KEY")
    server = serve(JSON)
    assert client_at(server).complete(question()).parsed == {"choice": 1}
    assert KEY not in json.dumps(server.keys)


@pytest.mark.parametrize("key", ["schl\u00fcssel", "two\nlines"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(serve, monkeypatch, key):
    monkeypatch.setenv("TEST_KEY", key)
    server = serve(JSON)
    with pytest.raises(NotAuthorised, match="TEST_KEY holds characters") as caught:
        client_at(server).complete(question())
    assert key not in str(caught.value)
    assert server.requests == []


def test_a_client_without_a_model_is_refused():
    with pytest.raises(ValueError, match="name of a model"):
        OpenAIClient("")
