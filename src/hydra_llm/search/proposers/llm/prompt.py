"""The question that a language model gets: text files from instructions/, filled with records.

What stays the same all block long comes first, in the system's message, where a provider's cache finds it: protocol,
form of the answer, program, parameters, seeds. Then the state of the search, and last what is new and what is asked.

Policy of length. The prompt has a limit in tokens, estimated (llm/tokens.py). Never cut: objective, slots, search
space, noise. Where it is too long, figures go first, which get only the room that the text leaves; then the rest, prose
before records: importance, UCB scores, words on old trials, failures, recordings, predictions, memory, curves,
strategies; at last rows of the oldest trials and the worst configurations. A protocol longer than half the limit is
cut at its end. Whatever was cut is said in its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from string import Template

from hydra_llm.llm.base import Image, Message, Request
from hydra_llm.llm.instructions import instruction_text
from hydra_llm.llm.tokens import estimate_tokens
from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm import prompt_fixed as fixed
from hydra_llm.search.proposers.llm import prompt_notebook as notebook
from hydra_llm.search.proposers.llm import prompt_pool
from hydra_llm.search.proposers.llm import prompt_sections as sections
from hydra_llm.search.proposers.llm import prompt_trials as tables
from hydra_llm.search.proposers.llm.answer import answer_schema
from hydra_llm.search.proposers.llm.check import RECOMBINE
from hydra_llm.search.proposers.llm.prompt_configurations import configurations
from hydra_llm.search.proposers.llm.prompt_curves import curves
from hydra_llm.search.proposers.llm.prompt_text import Section, fit
from hydra_llm.search.proposers.llm.prompt_words import words

BLOCK_END = ">>> BLOCK END <<<"


@dataclass(frozen=True)
class Prompt:
    """`dropped` maps the name of a section to the number of its rows that were left out."""

    system: str
    user: str
    dropped: dict[str, int]

    def request(self, context: Context, images: tuple[Image, ...] = (), left_out: int = 0) -> Request:
        """A figure goes with its name beside it; `left_out` counts those that are not sent."""
        note = f"(left out for length: {left_out} figures of these trials)\n" if images and left_out else ""
        messages = (Message("system", self.system), Message("user", self.user + note, images))
        block_space = context.block_space if context.is_review else None
        return Request(messages, answer_schema(context.space, block_space), "proposals")

    @property
    def n_tokens(self) -> int:
        """Estimated."""
        return estimate_tokens(self.system) + estimate_tokens(self.user)


def build_prompt(context: Context, slots: tuple[int, ...], max_mutations: int, max_tokens: int) -> Prompt:
    """The question for these slots of the context (indices), within `max_tokens` tokens where that is possible."""
    protocol = _protocol(context, max_tokens // 2)
    system = Template(instruction_text("_system")).substitute(
        protocol=protocol,
        response=Template(instruction_text("_response")).substitute(
            metric=context.objective.name, max_mutations=max_mutations, recombine=RECOMBINE
        ),
        facts=_joined(
            _present(
                fixed.program(context),
                fixed.space(context),
                sections.objective(context),
                fixed.seeds(context),
                fixed.log_lines(context),
            )
        ),
    )
    frame = Template(instruction_text("_prompt"))
    block = context.block
    facts = {
        "iteration": _title(context),
        "block": str(block.index),
        "block_iteration": f"iteration {_span(block.k - context.is_review, len(context.slots))}/{block.n_iter_block}"
        if block.n_iter_block
        else "without end",
        "block_end": f" {BLOCK_END}" if context.is_review else "",
        "sections": "",
    }
    present = _present(
        notebook.person(context),
        sections.regime(context),
        sections.next_regime(context),
        sections.failures(context),
        tables.recordings(context),
        notebook.predictions(context),
        notebook.principles(context),
        sections.memory(context),
        words(context),
        sections.rates(context),
        sections.parameters(context),
        sections.ucb(context, protocol),
        tables.trials(context),
        configurations(context),
        sections.noise(context),
        sections.full_recipe(context),
        sections.open_moves(context),
        sections.strategies(context),
        sections.front(context),
        prompt_pool.pool(context),
        curves(context),
        sections.latest(context),
        notebook.duties(context) or sections.slots(context, slots),
    )
    room = max_tokens - estimate_tokens(system) - estimate_tokens(frame.substitute(facts))
    fitted = fit(present, room)
    user = frame.substitute({**facts, "sections": _joined(fitted)})
    dropped = {section.name: section.dropped for section in fitted if section.dropped}
    return Prompt(system.strip() + "\n", user.strip() + "\n", dropped)


def _present(*found: Section | None) -> list[Section]:
    return [section for section in found if section is not None]


def _joined(fitted: Iterable[Section]) -> str:
    return "\n\n".join(section.text for section in fitted)


def _title(context: Context) -> str:
    if context.is_review:
        return f"Review of block {context.block.index}"
    of = f" of {context.n_trials}" if context.n_trials else ""
    return f"Iteration {_span(context.next_number + 1, len(context.slots))}{of}"


def _span(first: int, count: int) -> str:
    return str(first) if count < 2 else f"{first}-{first + count - 1}"


def _protocol(context: Context, limit: int) -> str:
    text = context.protocol.strip() or instruction_text("generic").strip()
    kept: list[str] = []
    used = 0
    for line in text.splitlines():
        used += estimate_tokens(line) + 1
        if used > limit:
            return "\n".join([*kept, "(the rest of the protocol is left out for length)"])
        kept.append(line)
    return text
