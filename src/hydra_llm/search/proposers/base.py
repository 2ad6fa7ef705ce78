"""What a proposer is: a function from everything that may be known to one proposal per free slot.

A proposer reads a Context and returns proposals; it launches nothing, writes nothing, and keeps no state that the event
log does not hold, so that a resumed sweep proposes what the uninterrupted one would have. Its randomness comes from
`context.rng()`, which depends on the sweep's seed and the trial number alone.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

from hydra_llm.dotted import Named, construct
from hydra_llm.llm.usage import RecordedCall, TotalUsage
from hydra_llm.search import slot_params
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.space.constraint_error import ConstraintError
from hydra_llm.search.tree.reward import PAIRED
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Change, Proposal

log = logging.getLogger(__name__)


class ProposerError(RuntimeError):
    """The proposer cannot answer now (outage, budget, unusable answers); the message is a sentence for the records."""


class ProposerStop(ProposerError):
    """As ProposerError, and the sweep must stop instead of falling back to the rules. `decision` is what belongs to the
    records all the same: what was asked and what was refused.
    """

    def __init__(self, message: str, decision: Decision | None = None) -> None:
        super().__init__(message)
        self.decision = decision or Decision()


class Proposer(Named, ABC):
    """A subclass gives `propose`; everything else has a default that does nothing.

    Attributes
    ----------
    name: as it stands in the configuration and in provenances; the dotted path of the class unless it states another.
    reads_notes: False spares the texts of a context (memory, predictions, what a person wrote), which a coded proposer
        does not read.
    asked_once: True for a proposer that asks itself again until its proposals pass `check` (proposers/check.py): a
        decision asks it once, for all slots. Any other is asked for the slots of one group at a time (slot_params.py),
        and again with `context.feedback` while its proposals are refused.
    protocol: the protocol for a sweep that is given none.
    own_roles: True for a proposer that decides itself what each slot is for; its slots are all free.
    weighs_alike: True for a proposer that would not understand a ranking that changes from decision to decision. With
        several objectives any other one is asked under weights drawn anew each time.
    reward: what a configuration is worth (hydra.sweeper.reward) where the sweep does not say.
    """

    reads_notes: bool = True
    asked_once: bool = False
    protocol: str = ""
    own_roles: bool = False
    weighs_alike: bool = False
    reward: str = PAIRED

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The proposer that a dotted path stands for. `settings` are the keys of hydra.sweeper.llm that were set, and
        `folder`, the sweep's; unless a proposer says otherwise it reads none of them.
        """
        return construct("proposer", cls)

    @abstractmethod
    def propose(self, context: Context) -> Decision | Sequence[Proposal]:
        """One proposal per slot of the context, in the slots' order, none naming another of the batch; a Decision where
        there is more to say than proposals. Raises ProposerError if it cannot answer now.
        """

    def review(self, context: Context) -> Decision | None:
        """Review a block whose results are in: a Decision without proposals. None: this proposer does not review."""
        return None

    def prepare(self, asked: int, left: int) -> Decision | None:
        """Called before anything is launched, so that what will not work is known by then: a Decision without proposals
        whose `failed` says so, None if there is nothing to find out. `asked` counts the questions that earlier calls
        of the sweep asked here, `left` the trials at stake. Raises ProposerStop where nothing shall be launched.
        """
        del asked, left
        return None

    @property
    def sees_figures(self) -> bool:
        """Whether trials should draw figures for it."""
        return False

    @property
    def spent(self) -> TotalUsage | None:
        """What a language model was used for so far, earlier sessions included; None if that is not counted."""
        return None

    def resume(self, calls: Iterable[RecordedCall]) -> None:
        """Called once, before the first decision, with the calls that earlier sessions recorded; `spent` holds them
        afterwards.
        """


@contextmanager
def demanded(proposer: Proposer) -> Iterator[None]:
    """Where a proposer works: what it does not announce is a demand to stop, since its next answer may be wrong. A
    constraint that fails while it is asked is a demand to stop too, and says so itself.
    """
    try:
        yield
    except ProposerError:
        raise
    except ConstraintError as error:
        raise ProposerStop(str(error)) from error
    except Exception as error:
        log.warning("The proposer %s failed.", proposer.name, exc_info=error)
        raise ProposerStop(
            f"The proposer {proposer.name} failed ({type(error).__name__}: {error}). Mend it, or choose "
            "another proposer, and run it again."
        ) from error


def ask(proposer: Proposer, context: Context) -> Decision:
    """One question to a proposer, for each group of slots where it is asked group by group; an error is a `failed`."""
    found = Decision()
    for group in (context,) if proposer.asked_once else slot_params.groups(context):
        taken = {context.space.key(proposal.values) for proposal in found.proposals}
        try:
            with demanded(proposer):
                answer = proposer.propose(replace(group, rejected=group.rejected | taken))
        except ProposerStop:
            raise
        except ProposerError as error:
            return replace(found, failed=str(error))
        found = found.joined(Decision.of(answer))
    return found


def mutate(
    context: Context,
    slot: Slot,
    parent: int | None,
    values: Mapping[str, Any],
    *,
    strategy: str,
    source: str,
    hypothesis: str = "",
    note: str = "",
) -> Proposal:
    """A proposal whose `changes` are computed: the difference between `values` and the parent's configuration.

    What the slot keeps for itself replaces what `values` says.
    """
    new = context.space.canonical({**values, **slot.fixed})
    old = context.tree.node(parent).values if parent is not None else {}
    changes = tuple(
        Change(name, old.get(name), new.get(name))
        for name in (context.space.changed(old, new) if parent is not None else ())
    )
    return Proposal(
        slot=slot.index,
        role=slot.role,
        strategy=strategy,
        parent=parent,
        values=new,
        changes=changes,
        hypothesis=hypothesis,
        note=note,
        provenance=Provenance(source),
    )
