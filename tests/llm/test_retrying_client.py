"""Waiting for a provider that is out."""

import pytest

from hydra_llm.llm.base import Message, Request
from hydra_llm.llm.errors import NotAuthorised, Unavailable
from hydra_llm.llm.retrying_client import OutageRetryClient
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.testing import ClientConformance

ASK = Request((Message("user", "Which?"),))
DOWN = Unavailable("The provider is down since noon.")


def retrying(*script, pause_s=60.0, max_pause_s=600.0):
    waited = []
    return OutageRetryClient(ScriptedClient(script), pause_s, max_pause_s, sleep=waited.append), waited


class TestConformance(ClientConformance):
    def client(self, answers):
        return retrying(*(DOWN if text is None else text for text in answers), max_pause_s=0.0)[0]


def test_an_outage_is_waited_for_and_the_question_asked_again():
    client, waited = retrying(DOWN, DOWN, "back")
    assert client.complete(ASK).text == "back"
    assert waited == [60.0, 60.0]
    assert client.model == "scripted"


def test_the_server_may_ask_for_a_longer_pause():
    client, waited = retrying(Unavailable("Later.", retry_after_s=300.0), "back")
    client.complete(ASK)
    assert waited == [300.0]


def test_patience_has_an_end():
    client, waited = retrying(*[DOWN] * 9, max_pause_s=150.0)
    with pytest.raises(Unavailable, match="since noon"):
        client.complete(ASK)
    assert waited == [60.0, 60.0]


def test_what_does_not_pass_by_itself_is_not_waited_for():
    client, waited = retrying(NotAuthorised("The key is refused."), "never asked")
    with pytest.raises(NotAuthorised):
        client.complete(ASK)
    assert waited == []
