"""Test cases that every proposer must pass; inherit them and give the proposer to be tested.

    class TestMyProposer(ProposerConformance):
        def make(self) -> Proposer:
            return MyProposer()

Plain classes with assertions: any test runner that collects `test_` methods will do.
"""

from __future__ import annotations

from dataclasses import replace

from hydra_llm.search.context import Block, Context, Slot, Thresholds
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.check import check
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.space.space import Categorical, Float, Integer, Space
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialState
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import Proposal, Trial


class ProposerConformance:
    """What any proposer owes: complete legal configurations, one per slot, the same for the same context."""

    def make(self) -> Proposer:
        raise NotImplementedError

    def context(self, scores: list[float], slots: int = 1, role: str = "free", seed: int = 0) -> Context:
        """A block whose trials form a chain with the given values; three parameters."""
        space = Space(
            (
                Float(name="lr", low=1e-4, high=1.0, log=True, default=0.1),
                Integer(name="depth", low=1, high=9, default=3),
                Categorical(name="net", choices=("a", "b", "c"), default="a"),
            )
        )
        trials = []
        for number, value in enumerate(scores):
            values = {"lr": 0.1 * 0.9**number, "depth": 3, "net": "a"}
            proposal = Proposal(0, "free", "exploit", number - 1 if number else None, space.canonical(values))
            trials.append(Trial(number, 1, proposal, Outcome(TrialState.COMPLETED, value, {"R2": value})))
        tree = Tree(space, Objective("R2"), trials)
        return Context(
            space=space,
            objective=Objective("R2"),
            tree=tree,
            trials=tuple(trials),
            slots=tuple(Slot(i, role if trials else ("baseline" if i == 0 else "diverse")) for i in range(slots)),
            ranking=[(node.id, 1.0 - 0.01 * node.index) for node in tree],
            block=Block(1, len(trials) + 1, 12),
            next_number=len(trials),
            n_trials=40,
            seed=seed,
            thresholds=Thresholds(),
        )

    def proposals(self, context: Context) -> tuple[Proposal, ...]:
        """What a fresh proposer proposes."""
        return Decision.of(self.make().propose(context)).proposals

    def test_it_has_a_name_and_extends_the_base_class(self) -> None:
        proposer = self.make()
        assert isinstance(proposer, Proposer)
        assert proposer.name

    def test_the_first_proposal_is_the_baseline(self) -> None:
        (proposal,) = self.proposals(self.context([]))
        assert proposal.values == {"lr": 0.1, "depth": 3, "net": "a"}
        assert proposal.parent is None

    def test_every_slot_gets_one_configuration_in_order_that_may_run(self) -> None:
        for scores in ([], [0.2], [0.95, 0.96, 0.97, 0.98], [0.3, 0.5, 0.4, 0.6, 0.5, 0.7]):
            context = self.context(scores, slots=4, role="exploit")
            proposals = self.proposals(context)
            assert [p.slot for p in proposals] == [0, 1, 2, 3]
            assert [check(context, p, proposals[:i]) for i, p in enumerate(proposals)] == [[]] * 4

    def test_changes_say_exactly_how_a_proposal_differs_from_its_parent(self) -> None:
        context = self.context([0.3, 0.5, 0.4])
        (proposal,) = self.proposals(context)
        if proposal.parent is not None:
            parent = context.tree.node(proposal.parent).values
            assert {c.key: c.new for c in proposal.changes} == {
                name: proposal.values[name] for name in context.space.changed(parent, proposal.values)
            }

    def test_no_configuration_is_proposed_twice_without_need(self) -> None:
        context = self.context([0.3, 0.5, 0.4], slots=3, role="exploit")
        proposals = self.proposals(context)
        assert len({context.space.key(p.values) for p in proposals}) == 3
        assert all(context.tree.find(p.values) is None for p in proposals)

    def test_a_configuration_that_was_refused_is_not_proposed_again(self) -> None:
        context = self.context([0.3, 0.5, 0.4], slots=2, role="exploit")
        refused = frozenset(context.space.key(p.values) for p in self.proposals(context))
        again = self.proposals(replace(context, rejected=refused, feedback=("Slot 0: it does not compose.",)))
        assert not refused & {context.space.key(p.values) for p in again}

    def test_the_same_context_gives_the_same_proposals(self) -> None:
        first, second = (self.proposals(self.context([0.3, 0.5], slots=2, role="exploit")) for _ in range(2))
        assert first == second

    def test_provenance_is_stated(self) -> None:
        proposals = self.proposals(self.context([0.3, 0.5], slots=2, role="exploit"))
        assert [isinstance(p.provenance, Provenance) and p.provenance.source != "" for p in proposals] == [True] * 2

    def test_a_look_back_proposes_nothing(self) -> None:
        review = self.make().review(self.context([0.3, 0.5], slots=0))
        assert review is None or review.proposals == ()

    def test_a_session_without_calls_has_nothing_to_resume(self) -> None:
        proposer = self.make()
        before = proposer.spent
        proposer.resume(())
        assert proposer.spent == before
