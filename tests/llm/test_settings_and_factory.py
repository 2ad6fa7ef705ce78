import json

import pytest

from hydra_llm.llm.base import Client, Message, Request
from hydra_llm.llm.errors import BudgetSpent, Unavailable
from hydra_llm.llm.factory import build_client, can_be_asked, make_client
from hydra_llm.llm.json_extraction import answer_from_text
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.testing import ClientConformance
from programs import imported


@pytest.mark.parametrize(
    ("values", "environ", "available"),
    [
        ({}, {}, False),
        ({}, {"OPENAI_API_KEY": "k"}, True),
        ({}, {"OPENAI_API_KEY": "  "}, False),
        ({"api_key_env": "MY_KEY"}, {"OPENAI_API_KEY": "k"}, False),
        ({"base_url": "http://localhost:1/v1"}, {}, True),
        ({"client": "command"}, {}, False),
        ({"client": "command", "command": ["agent"]}, {}, True),
        ({"client": "scripted"}, {}, False),
        ({"client": "scripted", "script": ["{}"]}, {}, True),
        ({"model": "", "base_url": "http://localhost:1/v1"}, {}, False),
        ({"transcript": "replay"}, {}, True),
        ({"client": "my_lab.Oracle"}, {}, True),
    ],
)
def test_a_model_can_be_asked_when_a_key_a_server_a_command_or_a_transcript_is_there(values, environ, available):
    found, why = can_be_asked(LlmSettings.of(values), environ)
    assert found == available
    assert why


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"modle": "x"}, r"A key of hydra.sweeper.llm must be one of client, model,.*got modle"),
        ({"client": "carrier-pigeon"}, "llm.client must be one of openai"),
        ({"on_llm_failure": "pray"}, "llm.on_llm_failure must be one of rules, pause, stop, got 'pray'"),
        ({"max_repairs": -1}, "llm.max_repairs must be at least 0, got -1"),
        ({"base_url": "localhost:8000"}, "llm.base_url must start with http:// or https://, got 'localhost:8000'"),
        ({"max_mutations": 0}, "llm.max_mutations must be at least 1, got 0"),
        ({"max_prompt_tokens": 10}, "llm.max_prompt_tokens must be at least 1000, got 10"),
        ({"pause_s": 0.0}, "llm.pause_s must be above 0, got 0.0"),
        ({"transcript": "tape"}, "llm.transcript must be one of live, record, replay, got 'tape'"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_the_remedy(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        LlmSettings.of(values)


class Echo(Client):
    """Says what it was built with; a text of None is a backend that is down."""

    def __init__(self, texts=("{}",)):
        self.texts = list(texts)

    @property
    def model(self):
        return "echo"

    def complete(self, request, on_text=None):
        text = self.texts.pop(0)
        if text is None:
            raise Unavailable("The echo is out, since nobody is in the valley.")
        if on_text is not None:
            on_text(text)
        return answer_from_text(text, request, self.model)


class Shouting(Echo):
    @classmethod
    def from_settings(cls, settings):
        return cls([settings.model.upper()])


class Mute(Client):
    @property
    def model(self):
        return "mute"


def test_a_client_of_ones_own_is_chosen_by_its_dotted_path_and_may_read_the_settings(tmp_path):
    ask = Request((Message("user", "Which?"),), {"type": "object"})
    assert build_client(LlmSettings.of({"client": f"{__name__}.Echo"}), tmp_path).complete(ask).parsed == {}
    loud = make_client(LlmSettings.of({"client": f"{__name__}.Shouting", "model": "gpt"}))
    assert loud.complete(ask).text == "GPT"


def test_a_client_that_is_an_object_already_is_used_as_it_is():
    echo = Echo()
    assert make_client(LlmSettings.of({"client": echo})) is echo


@pytest.mark.parametrize(
    ("client", "sentence"),
    [
        (f"{__name__}.Mute", r"Mute must define complete of hydra_llm\.Client"),
        ("nowhere.Client", r"llm\.client=nowhere\.Client cannot be imported"),
        ("fractions.Fraction", r"llm\.client must be the dotted path of a subclass of hydra_llm\.Client"),
        (Request((Message("user", "?"),)), r"llm\.client must be a name, a dotted path or a hydra_llm\.Client"),
    ],
)
def test_a_client_that_cannot_be_used_is_a_sentence(client, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_client(LlmSettings.of({"client": client}))


class TestEcho(ClientConformance):
    def client(self, answers):
        return Echo(answers)


def test_a_price_that_is_no_pair_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(
        ValueError, match=r"llm.prices.m must be \[prompt, completion\] or .* cached\] per million tokens, got \[1.0\]"
    ):
        build_client(LlmSettings.of({"prices": {"m": [1.0]}}), tmp_path)


def test_a_recorded_sweep_replays_through_the_factory_without_key_or_network(tmp_path):
    ask = Request((Message("user", "Which?"),), {"type": "object"})
    settings = {"client": "scripted", "script": [json.dumps({"choice": 3})]}
    first = build_client(LlmSettings.of(settings), tmp_path).complete(ask)
    replay = build_client(LlmSettings.of({"client": "scripted", "transcript": "replay"}), tmp_path)
    again = replay.complete(ask)
    assert again.parsed == first.parsed == {"choice": 3}
    assert again.replayed


def test_a_resumed_sweep_keeps_to_the_limits_of_the_whole_sweep(tmp_path):
    settings = {"client": "scripted", "script": ["one", "two"], "max_calls": 1}
    first, second = (Request((Message("user", text),)) for text in "ab")
    build_client(LlmSettings.of(settings), tmp_path).complete(first)
    resumed = build_client(LlmSettings.of(settings), tmp_path)
    assert resumed.meter.spent.calls == 1
    with pytest.raises(BudgetSpent, match="above the limit of 1"):
        resumed.complete(second)


def test_importing_the_clients_imports_no_provider_no_hydra_and_no_torch():
    heavy = ("openai", "httpx", "hydra", "omegaconf", "torch", "pydantic")
    assert imported("import hydra_llm.llm.factory, hydra_llm.llm.testing", *heavy) == []


def test_the_settings_register_as_a_config_group():
    omegaconf = pytest.importorskip("omegaconf")
    node = omegaconf.OmegaConf.structured(LlmSettings)
    node.model = "local"
    assert LlmSettings.of(omegaconf.OmegaConf.to_container(node)).model == "local"
    with pytest.raises(omegaconf.errors.ValidationError):
        node.timeout_s = "soon"
