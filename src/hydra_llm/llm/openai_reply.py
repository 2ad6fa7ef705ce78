"""From a server's reply to the JSON of an answer, or to the sentence that says why there is none."""

from typing import Any

from hydra_llm.llm.base import JsonSource
from hydra_llm.llm.json_extraction import extract_json
from hydra_llm.llm.openai_endpoint import Reply

MAX_ANSWER_CHARS = 400_000  # a longer answer is no answer to any question of this package
MORE_ROOM = "Raise hydra.sweeper.llm.max_tokens, or lower hydra.sweeper.llm.reasoning_effort."


def json_of(reply: Reply, asked: JsonSource, *, wanted: bool) -> tuple[Any | None, JsonSource, str | None]:
    """(object, how it was obtained, None), or (None, NONE, sentence); `wanted` False: any text is right."""
    if problem := _problem(reply):
        return None, JsonSource.NONE, problem
    if not wanted:
        return None, JsonSource.NONE, None
    parsed, source, problem = extract_json(reply.text, asked=asked)
    if problem is not None and reply.finish == "length":
        problem = _cut_off(reply)
    return parsed, source, problem


def _problem(reply: Reply) -> str:
    if reply.refusal or reply.finish == "content_filter":
        return f"The model refused to answer: {reply.refusal or 'content filter'}"
    if reply.too_long or len(reply.text) > MAX_ANSWER_CHARS:
        return f"The answer is longer than {MAX_ANSWER_CHARS} characters. Answer with one short JSON object."
    if reply.reasoning and not reply.text.strip():
        cut = " and ended at the length limit" if reply.finish == "length" else ""
        return (
            f"The answer is empty: the model put all {reply.reasoning} characters into its reasoning{cut}. {MORE_ROOM}"
        )
    return ""


def _cut_off(reply: Reply) -> str:
    if reply.text.strip():
        return "The answer was cut off at the length limit. Answer with a shorter JSON object."
    return f"The length limit was used up before the answer began, by reasoning. {MORE_ROOM}"
