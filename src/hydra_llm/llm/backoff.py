"""Waiting between attempts: exponential with full jitter, or what the server asks for."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class Backoff:
    """Attempt k (from 0) waits a uniform share of base * 2^k seconds, at most `cap_s`.

    A Retry-After from the server is a lower bound; beyond `longest_wait_s` it is not worth waiting for, and `wait` says
    so by returning False. Jitter never reaches a decision of the search, so its generator needs no seed.
    """

    max_attempts: int = 4
    base_s: float = 1.0
    cap_s: float = 60.0
    longest_wait_s: float = 300.0
    sleep: Callable[[float], None] = time.sleep
    random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(f"max_attempts must be at least 1, got {self.max_attempts}.")

    def delay(self, attempt: int, retry_after_s: float | None = None) -> float:
        jittered = self.random.uniform(0.0, min(self.cap_s, self.base_s * 2.0**attempt))
        return jittered if retry_after_s is None else max(retry_after_s, 0.0) + min(jittered, 1.0)

    def wait(self, attempt: int, retry_after_s: float | None = None) -> bool:
        """Sleep before attempt + 1; False when there is none left or the server asks for a longer wait than is worth
        it.
        """
        if attempt + 1 >= self.max_attempts or (retry_after_s or 0.0) > self.longest_wait_s:
            return False
        self.sleep(self.delay(attempt, retry_after_s))
        return True
