import pytest

from hydra_llm.llm.base import Message, Request
from hydra_llm.llm.errors import Unavailable
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.testing import ClientConformance

ASK = Request((Message("user", "Which?"),))


class TestConformance(ClientConformance):
    def client(self, answers):
        return ScriptedClient([Unavailable("The provider is down since noon.") if a is None else a for a in answers])


def test_the_script_is_replayed_in_order_and_its_end_is_said():
    client = ScriptedClient(["one", lambda request: f"asked {len(request.messages)} thing"])
    assert [client.complete(ASK).text for _ in range(2)] == ["one", "asked 1 thing"]
    with pytest.raises(Unavailable, match="no answer to question 3"):
        client.complete(ASK)
    assert client.requests == [ASK] * 3
