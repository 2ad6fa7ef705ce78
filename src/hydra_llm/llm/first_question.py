"""One short question before anything depends on the answer: is the address right, the model known, the key accepted?"""

from __future__ import annotations

from dataclasses import dataclass

from hydra_llm.llm.base import Answer, Client, Message, Request
from hydra_llm.llm.errors import BudgetSpent, LlmError, TranscriptMissing

SCHEMA = {
    "type": "object",
    "properties": {"ready": {"type": "boolean"}},
    "required": ["ready"],
    "additionalProperties": False,
}
MESSAGES = (
    Message("system", "You will be asked about a search over runs of a program. Answer in JSON."),
    Message("user", 'Before it begins: answer with {"ready": true} and nothing else.'),
)


@dataclass(frozen=True)
class FirstReply:
    """What came of it: an answer, or why there is none."""

    request: Request
    answer: Answer | None = None
    error: LlmError | None = None

    @property
    def problem(self) -> str:
        """Why this model can propose nothing, "" if it can. What it says does not matter, as long as it is JSON."""
        if self.answer is None:
            return str(self.error)
        unusable = self.answer.json_error
        return (
            f"{self.answer.model} answers, and not with the JSON that it was asked for. {unusable}" if unusable else ""
        )

    @property
    def line(self) -> str:
        """An answer in a few words."""
        if self.answer is None:
            return ""
        usage = self.answer.usage
        tokens = f", {usage.prompt_tokens} + {usage.completion_tokens} tokens" if usage.is_known else ""
        return f"{self.answer.model} answers (JSON by {self.answer.json_source}{tokens})"


def ask_first(client: Client, sample: int = 0) -> FirstReply | None:
    """None where nothing is learnt by asking (Client.for_first_question), where no budget is left for it, and in the
    replay of a sweep that did not ask. `sample` counts the earlier times.
    """
    asked = client.for_first_question()
    if asked is None:
        return None
    request = Request(MESSAGES, SCHEMA, "ready", sample)
    try:
        return FirstReply(request, asked.complete(request))
    except (BudgetSpent, TranscriptMissing):
        return None
    except LlmError as error:
        return FirstReply(request, error=error)
