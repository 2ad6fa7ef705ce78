import pytest

from hydra_llm.llm.base import Answer, Message, Request, Usage
from hydra_llm.llm.errors import BudgetSpent, Unavailable
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.usage import Ledger, Limits, MeteredClient, Price, Spent

ASK = Request((Message("user", "x" * 600),))  # 100 tokens by the estimate of six letters each


class Silent:
    """A client whose provider names no tokens, or names those given; `replayed` as from a transcript."""

    model = "m"

    def __init__(self, text="", usage=None, replayed=False):
        self.answer = Answer(text, None, "m", usage or Usage(), replayed=replayed)

    def complete(self, request, on_text=None):
        return self.answer


def test_cost_is_tokens_times_price():
    ledger = Ledger({"m": Price(prompt=2.0, completion=8.0)}, Limits())
    ledger.settle(ledger.reserve("m", 0), "m", Usage(500_000, 250_000))
    assert ledger.spent.cost == pytest.approx(1.0 + 2.0)
    assert ledger.spent.tokens == 750_000


def test_a_model_without_a_price_has_tokens_but_no_cost():
    ledger = Ledger({}, Limits())
    ledger.settle(ledger.reserve("m", 0), "m", Usage(10, 5))
    assert ledger.spent.cost is None
    assert ledger.spent.line() == "1 calls, 10 + 5 tokens, price unknown"


def test_calls_in_flight_count_against_the_limit():
    ledger = Ledger({}, Limits(calls=2))
    first = ledger.reserve("m", 0)
    ledger.reserve("m", 0)
    with pytest.raises(BudgetSpent, match="3 calls, above the limit of 2"):
        ledger.reserve("m", 0)
    ledger.settle(first, "m", None)
    ledger.reserve("m", 0)  # the call that failed gave its room back


def test_a_token_limit_refuses_a_prompt_that_would_pass_it():
    ledger = Ledger({}, Limits(tokens=3_000))
    ledger.settle(ledger.reserve("m", 100), "m", Usage(100, 100))
    with pytest.raises(BudgetSpent, match="tokens"):
        ledger.reserve("m", 3_000)
    ledger.reserve("m", 2_000)


def test_replayed_answers_are_free_unless_a_replay_counts_them_as_the_recorded_sweep_did():
    for counts, calls in ((False, 0), (True, 2)):
        client = MeteredClient(Silent(usage=Usage(10, 10), replayed=True), Ledger({}, Limits(calls=2)), counts)
        for _ in range(2):
            client.complete(ASK)
        assert client.ledger.spent.calls == calls
        if counts:
            with pytest.raises(BudgetSpent):
                client.complete(ASK)


def test_tokens_that_a_provider_does_not_name_are_estimated_and_said_to_be():
    client = MeteredClient(Silent(text="y" * 60), Ledger({"m": Price(1.0, 2.0)}, Limits(calls=1)))
    client.complete(ASK)
    assert client.ledger.spent == Spent(1, 100, 10, 120e-6, 1)
    assert client.ledger.spent.line() == "1 calls, 100 + 10 tokens (estimated for 1 calls), cost 0.0001"


def test_a_failing_client_leaves_no_reservation_behind():
    ledger = Ledger({}, Limits(calls=1))
    client = MeteredClient(ScriptedClient([Unavailable("The provider is down."), "fine"]), ledger)
    with pytest.raises(Unavailable):
        client.complete(ASK)
    assert client.complete(ASK).text == "fine"
    with pytest.raises(BudgetSpent):
        client.complete(ASK)


def test_a_call_that_transcript_and_event_log_both_know_counts_once():
    ledger = Ledger({}, Limits())
    ledger.restore("m", [("a", Usage(10, 1), False), ("b", Usage(10, 1), True)])
    ledger.restore("m", [("b", Usage(10, 1), True), ("c", Usage(10, 1), False)])
    assert ledger.spent == Spent(3, 30, 3, None, 1)
