"""The base class: a proposer of one's own needs a name and `propose`."""

from search_worlds import OBJECTIVE, SPACE, tree_of

from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import Proposer, ProposerError, ask, mutate
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.testing.proposals import ProposerConformance

HERE = Context(SPACE, OBJECTIVE, tree_of(), (), (Slot(0, "baseline"),))


class Least(Proposer):
    """The baseline, then the first depth that nobody has."""

    name = "least"

    def propose(self, context):
        proposals, taken = [], set(context.rejected)
        for slot in context.slots:
            root = context.tree.root
            choices = ({**context.space.baseline(), "depth": depth} for depth in (3, *range(1, 10)))
            free = (v for v in choices if context.tree.find(v) is None and context.space.key(v) not in taken)
            values = next(free)
            taken.add(context.space.key(values))
            proposals.append(
                mutate(context, slot, None if root is None else root.id, values, strategy="depth", source=self.name)
            )
        return proposals


class TestLeast(ProposerConformance):
    def make(self):
        return Least()


def test_defaults_do_nothing():
    least = Least()
    assert (least.reads_notes, least.asked_once, least.protocol, least.spent) == (True, False, "", None)
    assert least.review(HERE) is None


def test_a_list_of_proposals_is_a_decision():
    decision = ask(Least(), HERE)
    assert decision == Decision(tuple(Least().propose(HERE)))


def test_a_proposer_is_asked_group_by_group_and_what_it_gave_before_an_error_is_kept():
    asked = []

    class Tired(Least):
        def propose(self, context):
            asked.append([slot.index for slot in context.slots])
            if len(asked) == 2:
                raise ProposerError("tired")
            return super().propose(context)

    slots = tuple(Slot(index, "free", {"net": "abab"[index]}) for index in range(4))
    context = Context(SPACE, OBJECTIVE, tree_of(), (), slots)
    decision = ask(Tired(), context)
    assert asked == [[0, 2], [1, 3]]
    assert [proposal.slot for proposal in decision.proposals] == [0, 2]
    assert [proposal.values["net"] for proposal in decision.proposals] == ["a", "a"]
    assert decision.failed == "tired"
