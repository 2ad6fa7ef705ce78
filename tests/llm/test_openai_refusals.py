"""What a server's refusal is taken for, through the openai client and a real HTTP server on the loopback interface."""

import pytest
from chat_server import Fault

from hydra_llm.llm.backoff import Backoff
from hydra_llm.llm.base import JsonSource, Message, Request
from hydra_llm.llm.errors import FOR_GOOD, NotAuthorised, QuotaSpent, RequestRefused, Unavailable
from hydra_llm.llm.openai_client import OpenAIClient
from hydra_llm.llm.testing import SCHEMA

JSON = '{"choice": 1}'


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-refused")


def question():
    return Request((Message("system", "Answer in JSON."), Message("user", "Which?")), SCHEMA)


def client_at(server, *, without="", stream=True, attempts=3):
    url = server.base_url.removesuffix(without)
    backoff = Backoff(max_attempts=attempts, sleep=lambda _: None)
    return OpenAIClient("gone", url, "TEST_KEY", 5.0, stream, backoff=backoff)


def refusal(server, kind, **how):
    with pytest.raises(kind) as caught:
        client_at(server, **how).complete(question())
    return str(caught.value)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, "You exceeded your current quota.", code="insufficient_quota"),
        Fault(429, "openai: insufficient_quota", {"Retry-After": "1"}),
        Fault(402, "Insufficient Balance"),
    ],
    ids=["by code", "by words of a gateway", "402"],
)
def test_an_empty_account_is_refused_for_good_at_once(serve, fault, stream):
    server = serve(fault, JSON)
    assert "has nothing left" in refusal(server, QuotaSpent, stream=stream)
    assert len(server.requests) == 1
    assert QuotaSpent in FOR_GOOD


def test_a_rate_limit_that_speaks_of_quota_passes(serve):
    server = serve(Fault(429, "Quota exceeded for requests per minute"), JSON)
    assert client_at(server).complete(question()).parsed == {"choice": 1}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(400, "no luck", code="model_not_found"),
        Fault(400, "The model `gone` does not exist or you do not have access to it."),
        Fault(400, "Invalid model name passed in model=gone. Call `/v1/models` to view available models"),
        Fault(400, "gone is not a valid model ID"),
        Fault(422, "model 'gone' not found, try pulling it first"),
    ],
)
def test_a_400_that_names_the_model_costs_one_request_and_no_ability(serve, fault):
    server = serve(fault, JSON)
    client = client_at(server)
    with pytest.raises(RequestRefused, match=r"does not know the model gone.*Set hydra.sweeper.llm.model"):
        client.complete(question())
    assert len(server.requests) == 1
    assert client.complete(question()).json_source is JsonSource.SCHEMA


@pytest.mark.parametrize(
    "words", ["response_format json_schema does not exist for this model", "Invalid model for json_schema: gone"]
)
def test_a_model_without_schemas_is_still_asked_for_less(serve, words):
    answer = client_at(serve(Fault(400, words), JSON)).complete(question())
    assert answer.json_source is JsonSource.JSON_MODE


def test_a_server_that_does_not_stream_is_asked_again_without_and_remembered(serve):
    server = serve(JSON, JSON)
    server.streams = False
    client = client_at(server)
    words = []
    first = client.complete(question(), words.append)
    assert (first.parsed, first.json_source, first.attempts) == ({"choice": 1}, JsonSource.SCHEMA, 2)
    assert words == [JSON]
    assert client.complete(question()).attempts == 1
    assert ["stream" in request for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("fault", [Fault(404, page=True), Fault(404, empty=True), Fault(404), Fault(405, page=True)])
def test_a_path_without_v1_is_hinted_at(serve, fault):
    server = serve(fault)
    sentence = refusal(server, RequestRefused, without="/v1")
    assert f"try hydra.sweeper.llm.base_url={server.base_url}" in sentence
    assert "<html>" not in sentence
    assert len(server.requests) == 1


def test_a_web_page_for_an_answer_is_hinted_at_too(serve):
    sentence = refusal(serve(Fault(garbage=True)), Unavailable, without="/v1", attempts=1)
    assert "/v1" in sentence.partition("no /v1, under which")[2]


def test_a_404_under_v1_is_no_reason_to_look_at_the_address(serve):
    assert "try hydra.sweeper.llm.base_url" not in refusal(serve(Fault(404, page=True)), RequestRefused)


def test_a_server_that_wants_a_key_where_none_is_set_does_not_speak_of_a_wrong_one(serve, monkeypatch):
    monkeypatch.delenv("TEST_KEY")
    assert "the variable TEST_KEY is not set" in refusal(serve(Fault(401, "who are you?")), NotAuthorised)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_an_answer_that_is_only_reasoning_says_so(serve, stream, field):
    thinking = Fault(thoughts="Let me see. " * 10, field=field)
    answer = client_at(serve(thinking), stream=stream).complete(question())
    assert answer.parsed is None
    assert "all 120 characters into its reasoning. Raise hydra.sweeper.llm.max_tokens" in (answer.json_error or "")
    cut = Fault(thoughts="Let me see. ", field=field, cut=True)
    answer = client_at(serve(cut), stream=stream).complete(question())
    assert "ended at the length limit" in (answer.json_error or "")
