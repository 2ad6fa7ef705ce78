"""Who proposes under proposer=auto."""

import pytest

from hydra_llm.sweeper.proposer_choice import choose_proposer, natural_reward


def chosen(**llm):
    return choose_proposer({"proposer": "auto", "llm": {"client": "openai", **llm}})


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_without_a_key_or_a_server_a_process_proposes_and_the_sentence_says_why():
    name, why = chosen()
    assert name == "bayes"
    assert "neither the key variable OPENAI_API_KEY nor hydra.sweeper.llm.base_url is set" in why


@pytest.mark.parametrize(
    "llm",
    [
        {"base_url": "http://localhost:1/v1"},
        {"transcript": "replay"},
        {"client": "command", "command": ["agent"]},
        {"client": "scripted", "script": ["{}"]},
        {"client": "my_lab.Oracle"},
    ],
)
def test_a_model_that_is_within_reach_proposes(llm):
    assert chosen(**llm)[0] == "llm"


def test_a_key_in_the_environment_is_enough_and_is_never_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    name, why = chosen()
    assert name == "llm"
    assert "sk-secret" not in why


def test_a_url_is_not_repeated_since_it_may_hold_a_password():
    assert "pass" not in chosen(base_url="http://user:pass@host/v1")[1]


def test_a_named_proposer_is_taken_as_it_is():
    assert choose_proposer({"proposer": "random", "llm": {}})[0] == "random"


@pytest.mark.parametrize(("proposer", "reward"), [("bayes", "posterior"), ("auto", "posterior"), ("rules", "paired")])
def test_a_configuration_is_worth_what_its_proposer_goes_by(proposer, reward):
    assert natural_reward({"proposer": proposer, "llm": {"client": "openai"}}) == reward
