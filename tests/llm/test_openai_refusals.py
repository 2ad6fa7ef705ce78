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


def client_at(server, *, without="", stream=True, attempts=3, model="gone", temperature=None):
    url = server.base_url.removesuffix(without)
    backoff = Backoff(max_attempts=attempts, sleep=lambda _: None)
    return OpenAIClient(model, url, "TEST_KEY", 5.0, stream, temperature, backoff=backoff)


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
        Fault(400, "The model `gone` has been decommissioned and is no longer supported. Please refer to the list."),
        Fault(400, "no luck", code="model_decommissioned"),
        Fault(400, "The model `gone` has been deprecated, learn more here: https://example.org/deprecations"),
        Fault(400, "The requested model is not supported."),
        Fault(400, "The requested model 'gone' is not supported by any provider you have enabled."),
        Fault(404, "models/gone is not found for API version v1main, or is not supported for generateContent."),
        Fault(404, "The API deployment for this resource does not exist.", code="DeploymentNotFound"),
        Fault(400, "model gone not found; upstream streaming gateway"),
        Fault(400, "no stream opened; model: gone not found"),
        Fault(400, "The requested\n model is not      supported."),
        Fault(400, "The model `gone` does not exist. Models with vision: other"),
        Fault(400, body='{"detail": "model gone not found"}'),
    ],
)
def test_a_400_that_names_the_model_costs_one_request_and_no_ability(serve, fault):
    server = serve(fault, JSON)
    client = client_at(server)
    with pytest.raises(RequestRefused, match=r"does not know the model gone.*Set hydra.sweeper.llm.model"):
        client.complete(question())
    assert len(server.requests) == 1
    assert client.complete(question()).json_source is JsonSource.SCHEMA


def test_a_word_for_an_ability_in_the_name_of_the_model_is_no_ability(serve):
    server = serve(Fault(400, "The model `llama-3.2-11b-vision-preview` has been decommissioned."))
    with pytest.raises(RequestRefused, match=r"does not know the model llama-3\.2-11b-vision-preview"):
        client_at(server, model="llama-3.2-11b-vision-preview").complete(question())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(400, "API key not valid. Please pass a valid API key."),
        Fault(400, body='[{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}]'),
        Fault(400, "API Key not found. Please pass a valid API key."),
        Fault(400, "API key expired. Please renew the API key."),
        Fault(400, "Incorrect API key provided: sk-...ed."),
        Fault(400, "Missing or invalid Authorization header."),
        Fault(400, "No connected db."),
        Fault(422, "no luck", code="invalid_api_key"),
    ],
)
def test_a_400_that_names_the_key_costs_one_request_and_no_ability(serve, fault):
    server = serve(fault, JSON)
    client = client_at(server)
    with pytest.raises(NotAuthorised, match=rf"accept the key in TEST_KEY \(HTTP {fault.status}\).*llm.api_key_env"):
        client.complete(question())
    assert len(server.requests) == 1
    assert client.complete(question()).json_source is JsonSource.SCHEMA


def test_a_400_that_names_the_key_where_none_is_set_asks_for_one(serve, monkeypatch):
    monkeypatch.delenv("TEST_KEY")
    assert "the variable TEST_KEY is not set" in refusal(serve(Fault(400, "No api key passed in.")), NotAuthorised)


@pytest.mark.parametrize(
    "words",
    [
        "response_format json_schema does not exist for this model",
        "Invalid model for json_schema: gone",
        "model gone does not support json_schema",
        "The model `gone` does not support `json_schema`.",
        "response_format for model gone is not supported",
        "json_schema: model gone not found in the list of models that know it",
        "Structured outputs: this model is not supported",
        "response_format json_schema is not supported. The model gone is not available for it.",
        "This request is not supported by the model gone.",
        "Unknown key 'strict' in the schema; an API key is not required",
        "The API key is not valid for response_format",
    ],
)
def test_a_model_without_schemas_is_still_asked_for_less(serve, words):
    answer = client_at(serve(Fault(400, words), JSON)).complete(question())
    assert answer.json_source is JsonSource.JSON_MODE


@pytest.mark.parametrize(
    "words",
    [
        "stream is not supported for this model",
        "Streaming is not supported for the model 'gone'.",
        "stream: model gone is not supported",
        "streaming not available: the model gone cannot",
    ],
)
def test_a_model_that_does_not_stream_is_still_asked_without(serve, words):
    server = serve(Fault(400, words), JSON)
    answer = client_at(server).complete(question())
    assert (answer.attempts, answer.json_source) == (2, JsonSource.SCHEMA)
    assert "stream" not in server.requests[-1]


@pytest.mark.parametrize(
    "words",
    [
        "unsupported parameter: temperature with this model",
        "Unsupported parameter: 'temperature' is not supported with the model `gone`.",
        "temperature: this model is not supported",
        "The parameter temperature does not exist for model gone",
        "For model gone the parameter temperature was not found",
    ],
)
def test_a_model_without_a_parameter_is_still_asked_without_it(serve, words):
    server = serve(Fault(400, words), JSON)
    answer = client_at(server, temperature=0.5).complete(question())
    assert (answer.attempts, answer.json_source) == (2, JsonSource.SCHEMA)
    assert "temperature" not in server.requests[-1]


def test_a_refusal_in_another_form_than_openai_s_is_read_too(serve):
    body = '{"detail": [{"loc": ["body", "temperature"], "msg": "Extra inputs are not permitted", "input": 0.5}]}'
    server = serve(Fault(422, body=body), JSON)
    answer = client_at(server, temperature=0.5).complete(question())
    assert (answer.attempts, answer.json_source) == (2, JsonSource.SCHEMA)


def test_a_model_whose_name_is_a_word_for_an_ability_is_found_where_it_is_called_a_model(serve):
    server = serve(Fault(400, "The model json is unknown to us; others take a schema"), JSON)
    with pytest.raises(RequestRefused, match="does not know the model json"):
        client_at(server, model="json").complete(question())


def test_an_ability_that_is_called_as_the_model_is_no_model(serve):
    server = serve(Fault(400, "the format json does not exist"), JSON)
    assert client_at(server, model="json").complete(question()).json_source is JsonSource.JSON_MODE


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
