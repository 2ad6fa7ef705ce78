import pytest

from hydra_llm.llm.base import Answer, Message, Request, Usage
from hydra_llm.llm.errors import BudgetSpent, Unavailable
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.testing import ClientConformance
from hydra_llm.llm.usage import Limits, MeteredClient, Price, TotalUsage, UsageMeter

ASK = Request((Message("user", "x" * 800),))  # 100 tokens by the estimate of eight letters each


class TestConformance(ClientConformance):
    def client(self, answers):
        down = Unavailable("The provider is down since noon.")
        script = [down if text is None else text for text in answers]
        return MeteredClient(ScriptedClient(script), UsageMeter({}, Limits()))


class Silent:
    """A client whose provider names no tokens, or names those given; `replayed` as from a transcript."""

    model = "m"

    def __init__(self, text="", usage=None, replayed=False):
        self.answer = Answer(text, None, "m", usage or Usage(), replayed=replayed)

    def complete(self, request, on_text=None):
        return self.answer


def test_cost_is_tokens_times_price():
    meter = UsageMeter({"m": Price(prompt=2.0, completion=8.0)}, Limits())
    meter.book(meter.reserve("m", 0), "m", Usage(500_000, 250_000))
    assert meter.spent.cost == pytest.approx(1.0 + 2.0)
    assert meter.spent.tokens == 750_000


def test_a_model_without_a_price_has_tokens_but_no_cost():
    meter = UsageMeter({}, Limits())
    meter.book(meter.reserve("m", 0), "m", Usage(10, 5))
    assert meter.spent.cost is None
    assert meter.spent.line() == "1 calls, 10 + 5 tokens, price unknown"


def test_calls_in_flight_count_against_the_limit():
    meter = UsageMeter({}, Limits(calls=2))
    first = meter.reserve("m", 0)
    meter.reserve("m", 0)
    with pytest.raises(BudgetSpent, match="3 calls, above the limit of 2"):
        meter.reserve("m", 0)
    meter.book(first, "m", None)
    meter.reserve("m", 0)  # the call that failed gave its room back


def test_a_token_limit_refuses_a_prompt_that_would_pass_it():
    meter = UsageMeter({}, Limits(tokens=3_000))
    meter.book(meter.reserve("m", 100), "m", Usage(100, 100))
    with pytest.raises(BudgetSpent, match="tokens"):
        meter.reserve("m", 3_000)
    meter.reserve("m", 2_000)


def test_replayed_answers_are_free_unless_a_replay_counts_them_as_the_recorded_sweep_did():
    for counts, calls in ((False, 0), (True, 2)):
        client = MeteredClient(Silent(usage=Usage(10, 10), replayed=True), UsageMeter({}, Limits(calls=2)), counts)
        for _ in range(2):
            client.complete(ASK)
        assert client.meter.spent.calls == calls
        if counts:
            with pytest.raises(BudgetSpent):
                client.complete(ASK)


def test_tokens_that_a_provider_does_not_name_are_estimated_and_said_to_be():
    client = MeteredClient(Silent(text="y" * 80), UsageMeter({"m": Price(1.0, 2.0)}, Limits(calls=1)))
    client.complete(ASK)
    assert client.meter.spent == TotalUsage(1, 100, 10, 120e-6, 1)
    assert client.meter.spent.line() == "1 calls, 100 + 10 tokens (estimated for 1 calls), cost 0.0001"


def test_a_failing_client_leaves_no_reservation_behind():
    meter = UsageMeter({}, Limits(calls=1))
    client = MeteredClient(ScriptedClient([Unavailable("The provider is down."), "fine"]), meter)
    with pytest.raises(Unavailable):
        client.complete(ASK)
    assert client.complete(ASK).text == "fine"
    with pytest.raises(BudgetSpent):
        client.complete(ASK)


def test_a_call_that_transcript_and_event_log_both_know_counts_once():
    meter = UsageMeter({}, Limits())
    meter.restore("m", [("a", Usage(10, 1), False), ("b", Usage(10, 1), True)])
    meter.restore("m", [("b", Usage(10, 1), True), ("c", Usage(10, 1), False)])
    assert meter.spent == TotalUsage(3, 30, 3, None, 1)
