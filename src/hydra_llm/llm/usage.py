"""What the answers cost: tokens, calls and, where a price is known, money; with a hard limit that counts calls in
flight.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hydra_llm.llm.base import Answer, Client, OnText, Request, Usage
from hydra_llm.llm.errors import BudgetSpent
from hydra_llm.llm.tokens import estimate_tokens

EXPECTED_COMPLETION_TOKENS = 2_000  # of the first answer; later ones are expected to be as long as the mean

RecordedCall = tuple[str, Usage, bool]  # digest of the question, what the call used, whether that is an estimate


@dataclass(frozen=True)
class Price:
    """Money per million tokens, in whatever currency the price table is written in. Without a price of their own,
    cached tokens of a prompt cost what the others cost.
    """

    prompt: float
    completion: float
    cached: float | None = None

    def cost(self, usage: Usage) -> float:
        prompt, cached = usage.prompt_tokens or 0, usage.cached_tokens or 0
        saved = 0.0 if self.cached is None else cached * (self.prompt - self.cached)
        return (prompt * self.prompt + (usage.completion_tokens or 0) * self.completion - saved) / 1e6


@dataclass(frozen=True)
class TotalUsage:
    """Running totals. `cost` is None as long as no answer came from a model with a price. `estimated` counts the calls
    whose provider names no tokens, so that an estimate stands in. `cached_tokens` are a part of `prompt_tokens`.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    estimated: int = 0
    cached_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def line(self) -> str:
        money = "price unknown" if self.cost is None else f"cost {self.cost:.4f}"
        about = f" (estimated for {self.estimated} calls)" if self.estimated else ""
        cached = f" ({self.cached_tokens} of them cached)" if self.cached_tokens else ""
        return f"{self.calls} calls, {self.prompt_tokens}{cached} + {self.completion_tokens} tokens{about}, {money}"


@dataclass(frozen=True)
class Limits:
    """Hard limits; None is no limit."""

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None


class UsageMeter:
    """Thread-safe totals. A call is reserved before it is made, at the size of its prompt and the mean answer so
    far.
    """

    def __init__(self, prices: Mapping[str, Price], limits: Limits) -> None:
        self._prices = dict(prices)
        self._limits = limits
        self._lock = threading.Lock()
        self._reserved: dict[int, tuple[int, float]] = {}  # ticket -> (tokens, cost) of a call in flight
        self._next_ticket = 0
        self._spent = TotalUsage()
        self._restored: set[str] = set()

    @property
    def spent(self) -> TotalUsage:
        return self._spent

    def cost(self, model: str, usage: Usage) -> float | None:
        """What one call cost, None without a price."""
        price = self._prices.get(model)
        return None if price is None else price.cost(usage)

    def reserve(self, model: str, prompt_tokens: int) -> int:
        """Take room for a call; returns a ticket for `book`. Raises `BudgetSpent` where there is none."""
        with self._lock:
            answers = max(self._spent.calls, 1)
            completion = self._spent.completion_tokens // answers if self._spent.calls else EXPECTED_COMPLETION_TOKENS
            usage = Usage(prompt_tokens, completion)
            price = self._prices.get(model)
            cost = price.cost(usage) if price else 0.0
            calls = self._spent.calls + len(self._reserved) + 1
            tokens = self._spent.tokens + sum(pair[0] for pair in self._reserved.values()) + usage.total
            money = (self._spent.cost or 0.0) + sum(pair[1] for pair in self._reserved.values()) + cost
            for name, limit, value in (
                ("calls", self._limits.calls, calls),
                ("tokens", self._limits.tokens, tokens),
                ("cost", self._limits.cost, money),
            ):
                if limit is not None and value > limit:
                    raise BudgetSpent(
                        f"Another call would bring the model to {value:.6g} {name}, above the limit of {limit:g}."
                    )
            ticket = self._next_ticket
            self._next_ticket += 1
            self._reserved[ticket] = (usage.total, cost)
            return ticket

    def book(self, ticket: int, model: str, usage: Usage | None, estimated: bool = False) -> None:
        """Replace a reservation by what the call used; None if there was no answer, or one that cost nothing."""
        with self._lock:
            self._reserved.pop(ticket, None)
            if usage is not None:
                self._count(model, usage, estimated)

    def restore(self, model: str, calls: Iterable[RecordedCall]) -> None:
        """Count what earlier sessions of a sweep spent, so that a resumed one keeps to the same limits. A call that
        transcript and event log both know counts once.
        """
        with self._lock:
            for digest, usage, estimated in calls:
                if digest not in self._restored:
                    self._restored.add(digest)
                    self._count(model, usage, estimated)

    def _count(self, model: str, usage: Usage, estimated: bool) -> None:
        price = self._prices.get(model)
        cost = self._spent.cost if price is None else (self._spent.cost or 0.0) + price.cost(usage)
        self._spent = TotalUsage(
            calls=self._spent.calls + 1,
            estimated=self._spent.estimated + estimated,
            prompt_tokens=self._spent.prompt_tokens + (usage.prompt_tokens or 0),
            completion_tokens=self._spent.completion_tokens + (usage.completion_tokens or 0),
            cached_tokens=self._spent.cached_tokens + (usage.cached_tokens or 0),
            cost=cost,
        )


def usage_of(answer: Answer, prompt_tokens: int) -> tuple[Usage, bool]:
    """What the provider counted, or an estimate where it names no numbers; and whether it is one."""
    if answer.usage.is_known:
        return answer.usage, False
    return Usage(prompt_tokens, estimate_tokens(answer.text)), True


class MeteredClient(Client):
    """Counts every call of a client in a meter, and refuses the one that would pass a limit.

    An answer from a transcript is free, because its cost was counted when it was recorded; with `count_replayed` it
    counts as if it had been asked, so that a replay meets the limits where the recorded sweep met them.
    """

    def __init__(self, inner: Client, meter: UsageMeter, count_replayed: bool = False) -> None:
        self._inner = inner
        self._count_replayed = count_replayed
        self.meter = meter

    @property
    def model(self) -> str:
        return self._inner.model

    def for_first_question(self) -> Client | None:
        asked = self._inner.for_first_question()
        return None if asked is None else MeteredClient(asked, self.meter, self._count_replayed)

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        ticket = self.meter.reserve(self.model, request.n_tokens)
        try:
            answer = self._inner.complete(request, on_text)
        except BaseException:
            self.meter.book(ticket, self.model, None)
            raise
        usage, estimated = usage_of(answer, request.n_tokens)
        counts = self._count_replayed or not answer.replayed
        self.meter.book(ticket, self.model, usage if counts else None, estimated)
        return answer
