"""The two interfaces of the openai client, over HTTP: which one is asked, what a reasoning model is sent, what a cache
saved.
"""

import json
import re
from dataclasses import replace

import openai_questions
import pytest
import responses_wire
from chat_server import Fault
from openai_questions import JSON, KEY, PICTURE, OverHttp, question

from hydra_llm.llm.base import JsonSource, Message, Request
from hydra_llm.llm.errors import ImagesRefused, RequestRefused, Unavailable
from hydra_llm.llm.openai_client import OpenAIClient
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.testing import SCHEMA, ClientConformance
from hydra_llm.llm.transcript import TranscribingClient, Transcript
from hydra_llm.llm.usage import Limits, MeteredClient, Price, UsageMeter


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", KEY)


def client_at(server, *, api="responses", **options):
    return openai_questions.client_at(server, api=api, **options)


def endpoints(server):
    return [path.rpartition("/v1/")[2] for path in server.paths]


class TestStreamingResponsesConformance(OverHttp, ClientConformance):
    api = "responses"
    stream = True


class TestWholeResponsesConformance(OverHttp, ClientConformance):
    api = "responses"
    stream = False


# ---- the Responses API ----


@pytest.mark.parametrize("stream", [True, False])
def test_a_response_has_the_strict_schema_the_tokens_and_what_the_cache_held(serve, stream):
    server = serve(JSON, cached=5)
    answer = client_at(server, stream=stream, max_tokens=900, temperature=0.5).complete(question())
    sent = server.requests[0]
    assert endpoints(server) == ["responses"]
    wanted = {"type": "json_schema", "name": "answer", "strict": True, "schema": SCHEMA}
    assert (sent["text"]["format"], sent["store"]) == (wanted, False)
    assert (sent["max_output_tokens"], sent["temperature"]) == (900, 0.5)
    assert (answer.parsed, answer.json_source) == ({"choice": 1}, JsonSource.SCHEMA)
    assert answer.usage.cached_tokens == 5
    assert answer.usage.completion_tokens == len(JSON) // 4
    assert answer.usage.prompt_tokens > 5


def test_words_of_a_response_stream_in_pieces_as_they_come(serve):
    words = []
    client_at(serve(JSON)).complete(question(), words.append)
    assert len(words) > 1
    assert "".join(words) == JSON


def test_figures_travel_in_a_response_with_their_names_and_a_blind_server_refuses_them(serve):
    seeing, blind = serve(JSON), serve(JSON, images=False)
    client_at(seeing).complete(question(PICTURE))
    _, name, part = seeing.requests[0]["input"][1]["content"]
    assert name == {"type": "input_text", "text": "Figure: activity"}
    assert (part["type"], part["image_url"]) == ("input_image", PICTURE.data_url())
    with pytest.raises(ImagesRefused, match="takes no figures"):
        client_at(blind).complete(question(PICTURE))


def test_a_server_of_responses_without_schemas_is_asked_for_less(serve):
    server = serve(JSON, schemas=False)
    answer = client_at(server).complete(question())
    assert (answer.json_source, answer.attempts) == (JsonSource.JSON_MODE, 2)
    assert server.requests[-1]["text"]["format"] == {"type": "json_object"}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("", "empty"),
        (Fault(refusal=True), "refused"),
        (Fault(cut=True, text='{"choice": 123456789}'), "cut off"),
        (Fault(cut=True, text=""), "by reasoning.*llm.max_tokens"),
    ],
    ids=["empty", "refusal", "cut", "only thought"],
)
def test_an_unusable_response_comes_back_with_its_reason(serve, item, reason, stream):
    answer = client_at(serve(item), stream=stream).complete(question())
    assert answer.parsed is None
    assert re.search(reason, answer.json_error)


def test_a_response_that_fails_in_the_stream_is_asked_for_again(serve):
    waits = []
    broken = Fault(raw=responses_wire.failed_stream("The model is overloaded"))
    assert client_at(serve(broken, JSON), waits=waits).complete(question()).attempts == 2
    assert len(waits) == 1
    with pytest.raises(Unavailable, match="overloaded"):
        client_at(serve(broken), attempts=1).complete(question())


# ---- which of the two ----


def test_auto_asks_openai_for_a_response_and_another_server_for_a_completion(serve, monkeypatch):
    openai, other = serve(JSON), serve(JSON)
    monkeypatch.setenv("OPENAI_BASE_URL", openai.base_url)
    OpenAIClient("m", None, "TEST_KEY").complete(question())
    client_at(other, api="auto").complete(question())
    assert (endpoints(openai), endpoints(other)) == (["responses"], ["chat/completions"])


def test_auto_goes_on_with_chat_completions_where_nothing_else_is_known(serve, monkeypatch):
    server = serve(JSON, JSON, responses=False)
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    client = OpenAIClient("m", None, "TEST_KEY")
    assert client.complete(question()).json_source is JsonSource.SCHEMA
    assert client.complete(question()).attempts == 1, "what the server knows is asked only once"
    assert endpoints(server) == ["responses", "chat/completions", "chat/completions"]


def test_auto_goes_on_with_a_response_for_a_model_that_gives_nothing_else(serve):
    only = Fault(404, "This model is only supported in v1/responses and not in v1/chat/completions.")
    server = serve(only, JSON)
    assert client_at(server, api="auto").complete(question()).parsed == {"choice": 1}
    assert endpoints(server) == ["chat/completions", "responses"]


def test_a_chosen_interface_is_kept_and_an_unknown_model_changes_none(serve, monkeypatch):
    server = serve(responses=False)
    with pytest.raises(RequestRefused, match="Not Found"):
        client_at(server).complete(question())
    unknown = serve(Fault(404, "The model `m` does not exist"))
    monkeypatch.setenv("OPENAI_BASE_URL", unknown.base_url)
    with pytest.raises(RequestRefused, match="does not exist"):
        OpenAIClient("m", None, "TEST_KEY").complete(question())
    assert (endpoints(server), endpoints(unknown)) == (["responses"], ["responses"])
    with pytest.raises(ValueError, match=r"llm.api must be one of auto, responses, chat"):
        OpenAIClient("m", api="completions")


# ---- reasoning models ----


def test_effort_is_sent_where_it_is_set_and_only_there(serve):
    for api, parameter in (("responses", {"reasoning": {"effort": "low"}}), ("chat", {"reasoning_effort": "low"})):
        server = serve(JSON, JSON)
        client_at(server, api=api, reasoning_effort="low").complete(question())
        client_at(server, api=api).complete(question())
        assert parameter.items() <= server.requests[0].items()
        assert not {"reasoning", "reasoning_effort"} & set(server.requests[1])


@pytest.mark.parametrize(
    ("api", "refusals", "left"),
    [
        (
            "chat",
            ["'temperature' does not support 0.5 with this model", "unknown: reasoning_effort"],
            {"max_completion_tokens"},
        ),
        ("responses", ["'temperature' is not supported", "'reasoning.effort' is not supported"], {"max_output_tokens"}),
    ],
)
def test_a_parameter_that_a_model_does_not_take_is_left_out_for_good_and_said(serve, api, refusals, left):
    server = serve(*[Fault(400, f"Unsupported: {text}.") for text in refusals], JSON, JSON)
    client = client_at(server, api=api, temperature=0.5, reasoning_effort="low", max_tokens=900)
    first, second = client.complete(question()), client.complete(question())
    assert first.notes == ("The server does not take reasoning_effort, temperature; the question went without.",)
    assert (first.attempts, second.attempts, first.json_source) == (3, 1, JsonSource.SCHEMA)
    assert left <= set(server.requests[-1])


def test_a_seed_has_no_place_in_a_response_and_that_is_said(serve):
    answer = client_at(serve(JSON), seed=3).complete(question())
    assert answer.notes == ("The server does not take seed; the question went without.",)


# ---- the cache ----


def test_questions_that_begin_alike_share_a_cache_key_and_others_do_not(serve):
    server = serve(JSON, JSON, JSON)
    client = client_at(server)
    client.complete(question())
    client.complete(replace(question(), messages=(question().messages[0], Message("user", "And now?"))))
    client.complete(Request((Message("system", "Another block."), Message("user", "Which?")), SCHEMA))
    first, second, third = (request["prompt_cache_key"] for request in server.requests)
    assert first == second != third
    assert KEY not in json.dumps(server.requests)


def test_a_server_of_ones_own_gets_no_cache_key_with_a_completion(serve):
    server = serve(JSON, cached=7)
    answer = client_at(server, api="chat").complete(question())
    assert "prompt_cache_key" not in server.requests[0]
    assert answer.usage.cached_tokens == 7


def test_cached_tokens_reach_the_totals_the_transcript_and_the_price(serve, tmp_path):
    transcript = Transcript(tmp_path)
    client = TranscribingClient(client_at(serve(JSON, cached=5)), transcript, "record")
    meter = UsageMeter({"m": Price(2.0, 0.0, 0.5)}, Limits())
    MeteredClient(client, meter).complete(question())
    spent = meter.spent
    assert spent.cached_tokens == 5
    assert "(5 of them cached)" in spent.line()
    assert spent.cost == pytest.approx((2.0 * (spent.prompt_tokens - 5) + 0.5 * 5) / 1e6)
    assert [usage.cached_tokens for _, usage, _ in transcript.usages()] == [5]


def test_the_keys_reach_the_client(serve):
    server = serve(JSON)
    settings = LlmSettings.of(
        {"model": "m", "base_url": server.base_url, "api": "responses", "reasoning_effort": "high"}
    )
    OpenAIClient.from_settings(settings).complete(question())
    assert server.requests[0]["reasoning"] == {"effort": "high"}
    with pytest.raises(ValueError, match=r"llm\.api"):
        LlmSettings.of({"api": "completions"})
