"""What a language model was asked, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from hydra_llm.search.log.events.base import Event


@dataclass(frozen=True)
class ModelCall:
    """`digest` is the address in the transcripts, `json` how the answer's JSON came; `estimated`: the provider named no
    tokens.
    """

    digest: str
    model: str
    json: str
    attempts: int
    prompt_tokens: int | None
    completion_tokens: int | None
    estimated: bool
    expected_prompt_tokens: int
    cost: float | None = None
    notes: tuple[str, ...] = ()
    cached_tokens: int | None = None  # of the prompt


@dataclass(frozen=True)
class Question(Event):
    """A question with its repairs; `number` is the trial decided next. `slots` () is a review, and in block 0 the
    first question of a call of the sweep, which finds out whether the model can be asked. `problems` are the
    sentences that went back to the model, `failed` says why slots went to somebody else, `left_out` counts the rows
    that the prompt had no room for, by section.
    """

    type: ClassVar[str] = "question"
    block: int
    number: int
    slots: tuple[int, ...]
    calls: tuple[ModelCall, ...]
    problems: tuple[str, ...] = ()
    failed: str = ""
    left_out: dict[str, int] = field(default_factory=dict)
