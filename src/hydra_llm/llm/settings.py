"""The settings of the language model as one object: the keys of `hydra.sweeper.llm` and their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hydra_llm.keys.key import check
from hydra_llm.keys.sweeper import LLM
from hydra_llm.llm.address import public


@dataclass
class LlmSettings:
    # ---- who answers ----
    client: str = LLM["client"].default  # or the Client that a `_target_` node made
    model: str = LLM["model"].default
    base_url: str | None = LLM["base_url"].default
    api: str = LLM["api"].default
    api_key_env: str = LLM["api_key_env"].default
    command: list[str] = field(default_factory=LLM["command"].default.copy)
    script: list[str] = field(default_factory=LLM["script"].default.copy)

    # ---- how it is asked ----
    timeout_s: float = LLM["timeout_s"].default
    max_attempts: int = LLM["max_attempts"].default
    stream: bool = LLM["stream"].default
    temperature: float | None = LLM["temperature"].default
    seed: int | None = LLM["seed"].default
    reasoning_effort: str | None = LLM["reasoning_effort"].default
    max_tokens: int | None = LLM["max_tokens"].default
    max_prompt_tokens: int = LLM["max_prompt_tokens"].default
    figures: str = LLM["figures"].default

    # ---- what is done with the answer ----
    role: str = LLM["role"].default
    every: int = LLM["every"].default
    max_repairs: int = LLM["max_repairs"].default
    max_mutations: int = LLM["max_mutations"].default
    first_question: str = LLM["first_question"].default
    on_llm_failure: str = LLM["on_llm_failure"].default
    pause_s: float = LLM["pause_s"].default
    max_pause_s: float = LLM["max_pause_s"].default

    # ---- records and limits ----
    transcript: str = LLM["transcript"].default
    prices: dict[str, list[float]] = field(default_factory=LLM["prices"].default.copy)
    max_calls: int | None = LLM["max_calls"].default
    max_total_tokens: int | None = LLM["max_total_tokens"].default
    max_cost: float | None = LLM["max_cost"].default

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "LlmSettings":
        """From plain data, e.g. a config node turned into a dict. Raises ValueError for an unknown key, with the known
        ones, and for a value that its key does not take.
        """
        unknown = sorted(set(values) - set(LLM))
        if unknown:
            raise ValueError(f"A key of hydra.sweeper.llm must be one of {', '.join(LLM)}, got {', '.join(unknown)}.")
        settings = cls(**{str(key): value for key, value in values.items()})
        settings.check()
        return settings

    def check(self) -> None:
        """Raise ValueError with one sentence for the first value that its key does not take."""
        check(LLM, self.as_dict(), "llm.")
        if self.base_url is not None and not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"llm.base_url must start with http:// or https://, got {public(self.base_url)!r}.")

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))
