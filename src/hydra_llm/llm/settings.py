"""Every setting of the language model, in one place: the config group `llm` of the sweeper has these keys and defaults.

Standard library only, so that a plugin can register the class without importing anything else.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

CLIENTS = ("openai", "command", "scripted")
ON_FAILURE = ("rules", "pause", "stop")
LEAST_PROMPT = 1_000  # tokens


def _about(help: str, unit: str = "") -> dict[str, str]:
    return {"help": help, "unit": unit}


@dataclass
class LlmSettings:
    # ---- who answers ----
    client: str = field(
        default="openai", metadata=_about("openai (any compatible endpoint), command (a program), scripted (a list)")
    )
    model: str = field(default="gpt-4.1-mini", metadata=_about("the model's name at the provider"))
    base_url: str | None = field(
        default=None, metadata=_about("endpoint of a compatible server, e.g. http://localhost:11434/v1; none: OpenAI")
    )
    api_key_env: str = field(
        default="OPENAI_API_KEY", metadata=_about("environment variable that holds the key; never the key")
    )
    command: list[str] = field(
        default_factory=list,
        metadata=_about("words of the program for client=command; {prompt} is replaced, else standard input"),
    )
    script: list[str] = field(default_factory=list, metadata=_about("answers in order, for client=scripted"))

    # ---- how it is asked ----
    timeout_s: float = field(default=120.0, metadata=_about("time limit of one attempt", "s"))
    max_attempts: int = field(default=4, metadata=_about("attempts at a rate limit, an outage or a lost connection"))
    stream: bool = field(default=True, metadata=_about("show the model's words as they come"))
    temperature: float | None = field(
        default=None, metadata=_about("sampling temperature; none: the provider's default")
    )
    seed: int | None = field(
        default=None, metadata=_about("sampling seed, for servers that know one; none: the provider draws")
    )
    max_tokens: int | None = field(
        default=None, metadata=_about("upper limit of an answer; none: the provider's default", "tokens")
    )
    max_prompt_tokens: int = field(
        default=16_000, metadata=_about("estimated; what is dropped beyond this is named in the prompt", "tokens")
    )
    figures: bool = field(default=False, metadata=_about("send figures of the last trials as images"))

    # ---- what is done with the answer ----
    max_repairs: int = field(default=2, metadata=_about("how often a wrong answer is returned with the reasons"))
    max_mutations: int = field(
        default=1, metadata=_about("parameters that one mutation may move, except under the strategy recombine")
    )
    on_llm_failure: str = field(
        default="rules",
        metadata=_about(
            "rules: the slot goes to the coded rules, and the record says so; pause: wait first; stop: end"
        ),
    )
    pause_s: float = field(default=300.0, metadata=_about("between two questions to a provider that is out", "s"))
    max_pause_s: float = field(
        default=86_400.0, metadata=_about("waited for one answer in all; then the rules take over", "s")
    )

    # ---- records and limits ----
    transcript: str = field(
        default="record",
        metadata=_about("live: keep nothing; record: store every call; replay: no network, stored calls only"),
    )
    prices: dict[str, list[float]] = field(
        default_factory=dict, metadata=_about("model: [prompt, completion], money per million tokens")
    )
    max_calls: int | None = field(default=None, metadata=_about("hard limit of the sweep", "calls"))
    max_total_tokens: int | None = field(default=None, metadata=_about("hard limit of the sweep", "tokens"))
    max_cost: float | None = field(
        default=None, metadata=_about("hard limit of the sweep, needs a price", "money of the price table")
    )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "LlmSettings":
        """From plain data, e.g. a config node turned into a dict; an unknown key is an error that lists the known
        ones.
        """
        known = [item.name for item in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"Unknown under hydra.sweeper.llm: {', '.join(unknown)}. Known: {', '.join(known)}.")
        settings = cls(**{str(key): value for key, value in values.items()})
        settings.check()
        return settings

    def check(self) -> None:
        """Raise ValueError with one sentence if the settings contradict themselves."""
        if self.client not in CLIENTS:
            raise ValueError(f"llm.client={self.client!r} is unknown. Choose one of {', '.join(CLIENTS)}.")
        if self.base_url is not None and not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"llm.base_url={self.base_url!r} is no address. Write it as http://host:port/v1.")
        if self.on_llm_failure not in ON_FAILURE:
            raise ValueError(
                f"llm.on_llm_failure={self.on_llm_failure!r} is unknown. Choose one of {', '.join(ON_FAILURE)}."
            )
        if self.max_repairs < 0:
            raise ValueError(f"llm.max_repairs={self.max_repairs} is negative. Choose 0 for no second chance.")
        if self.max_mutations < 1:
            raise ValueError(f"llm.max_mutations={self.max_mutations} allows no mutation. Choose at least 1.")
        if self.max_prompt_tokens < LEAST_PROMPT:
            raise ValueError(
                f"llm.max_prompt_tokens={self.max_prompt_tokens} holds no prompt. Choose at least {LEAST_PROMPT}."
            )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
