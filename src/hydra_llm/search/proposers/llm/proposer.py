"""The language model as a proposer: what it cannot fill it leaves open, with the reason.

It keeps no state of its own: the prompt is built from the context, and the transcript answers a question that was asked
before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hydra_llm.llm.base import Client, OnText
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.usage import MeteredClient, RecordedCall, TotalUsage
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import Proposer, ProposerStop, ask
from hydra_llm.search.proposers.bayes.proposer import BayesProposer
from hydra_llm.search.proposers.bayes.shortlist import shortlist
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.proposers.llm.conversation import Conversation
from hydra_llm.search.proposers.llm.role import role_of, settled
from hydra_llm.search.proposers.rules.proposer import RulesProposer

BY_RULES = ("baseline",)  # roles that leave nothing to decide


class LlmProposer(Proposer):
    name: str = "llm"
    weighs_alike: bool = True
    asked_once: bool = True  # one question for all slots of a batch, whatever they keep for themselves

    def __init__(
        self, client: Client, settings: LlmSettings, protocol: str = "", on_text: OnText | None = None
    ) -> None:
        settings.check()
        self.protocol = protocol
        self._client = client
        self._first_question = settings.first_question
        self._stops = settings.on_llm_failure == "stop"
        self._role = role_of(settings)
        self._conversation = Conversation(client, settings, on_text)

    @property
    def client(self) -> Client:
        """Which other questions of the same sweep may share, with its transcript and its limits."""
        return self._client

    @property
    def sees_figures(self) -> bool:
        return self._conversation.sees

    @property
    def spent(self) -> TotalUsage | None:
        return self._client.meter.spent if isinstance(self._client, MeteredClient) else None

    def resume(self, calls: Iterable[RecordedCall]) -> None:
        """The transcript may have counted them already."""
        if isinstance(self._client, MeteredClient):
            self._client.meter.restore(self._client.model, calls)

    def prepare(self, asked: int, left: int) -> Decision | None:
        """The first question. Raises ProposerStop where it fails and the settings say so."""
        found = None if self._first_question == "never" else self._conversation.begin(asked)
        if found is None or not found.failed:
            return found
        failed = (
            f"The language model cannot be used as it is configured: {found.failed.rstrip('.')}. Mend "
            "hydra.sweeper.llm, or the server; hydra-llm doctor FOLDER asks again without a sweep."
        )
        if self._first_question == "stop":
            raise ProposerStop(
                f"{failed} Nothing was launched (hydra.sweeper.llm.first_question=stop); with warn the sweep goes on "
                "without the model.",
                found,
            )
        at_stake = (
            "the sweep ends at its first question (hydra.sweeper.llm.on_llm_failure=stop)"
            if self._stops
            else f"every proposal for the trials that are left ({left}) falls back to the coded rules"
        )
        return replace(
            found,
            failed=f"{failed} Unless that changes, {at_stake}. To end here instead: "
            "hydra.sweeper.llm.first_question=stop.",
        )

    def propose(self, context: Context) -> Decision:
        """Raises ProposerStop where slots stay open and the settings say so."""
        asked, by_others = self._divided(context)
        if not asked:
            return by_others
        pool = shortlist(context, asked)
        seen = replace(self._with_protocol(context), pool=pool)
        found = self._conversation.ask(seen, asked, by_others.proposals)
        found = replace(found, proposals=settled(self._role, replace(seen, slots=asked), found.proposals))
        if found.failed and self._stops:
            raise ProposerStop(
                f"The language model could not fill every slot, and on_llm_failure is stop: {found.failed}", found
            )
        both = by_others.joined(found)
        return replace(both, proposals=tuple(sorted(both.proposals, key=lambda proposal: proposal.slot)))

    def _divided(self, context: Context) -> tuple[tuple[Slot, ...], Decision]:
        """Slots that the model is asked for, and what runs in the others: the baseline, or what the process chooses."""
        by_rules = tuple(slot for slot in context.slots if slot.role in BY_RULES)
        places = {slot.index: place for place, slot in enumerate(context.slots)}
        others = tuple(slot for slot in context.slots if slot.role not in BY_RULES)
        asked = tuple(slot for slot in others if self._role.is_mine(context, places[slot.index]))
        by_process = tuple(slot for slot in others if slot not in asked)
        found = Decision()
        if by_rules:
            found = found.joined(ask(RulesProposer(), replace(context, slots=by_rules)))
        if by_process:
            seen = context if context.drawn is None else context.drawn()
            seen = replace(seen, slots=by_process, rejected=context.rejected, feedback=context.feedback)
            found = found.joined(ask(BayesProposer(), seen))
        return asked, found

    def review(self, context: Context) -> Decision:
        """Observations, memory, protocol and the next block. Raises ProposerStop as `propose` does."""
        found = self._conversation.ask(self._with_protocol(context), ())
        if found.failed and self._stops:
            raise ProposerStop(
                f"The language model did not review the block, and on_llm_failure is stop: {found.failed}", found
            )
        return found

    def _with_protocol(self, context: Context) -> Context:
        return replace(context, protocol=context.protocol or self.protocol)
