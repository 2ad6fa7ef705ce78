"""Filling a batch: every answer is checked, what is refused is said, who steps in is named."""

from dataclasses import replace

from search_worlds import OBJECTIVE, SPACE, open_study, run_study, settings, tree_of, trial

from hydra_llm.search.ask import TRIES, fill
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.decision import Decision, Refusal
from hydra_llm.search.proposers.notes import Notes, Remark
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.trial.provenance import Provenance


def here(slots=2, **more):
    trials = (trial(0, None, 0.5), trial(1, 0, 0.6, lr=0.1))
    places = tuple(Slot(index, "exploit") for index in range(slots))
    base = {"tree": tree_of(*trials), "trials": trials, "slots": places, "ranking": ((1, 2.0), (0, 1.0))}
    return Context(**{"space": SPACE, "objective": OBJECTIVE, "next_number": 2, **base, **more})


def refuses(net):
    return lambda values: ["It does not compose."] if values["net"] == net else []


class Counted(RandomProposer):
    """Draws, and remembers what it was asked."""

    name = "random"

    def __init__(self):
        self.asked = []

    def propose(self, context):
        self.asked.append(context)
        return super().propose(context)


def test_a_proposer_that_repairs_nothing_itself_is_asked_again_with_the_reasons_and_the_refused_keys():
    counted = Counted()
    filled = fill(here(1, validate=lambda values: ["It does not compose."]), counted)
    assert filled.proposals == []
    assert "random failed: Slot 0: It does not compose." in filled.failure
    assert len(counted.asked) == TRIES
    assert counted.asked[0].feedback == ()
    assert counted.asked[1].feedback == ("Slot 0: It does not compose.",)
    assert [len(context.rejected) for context in counted.asked] == [0, 1, 2, 3]


def test_a_proposer_that_repairs_its_answer_itself_is_asked_once():
    class Sure(Counted):
        name = "sure"
        asked_once = True

    sure = Sure()
    filled = fill(here(2, validate=refuses("a")), sure)
    assert len(sure.asked) == 1
    assert [proposal.slot for proposal in filled.proposals] == [0, 1]
    assert all(proposal.values["net"] != "a" for proposal in filled.proposals)


def test_what_a_proposer_filled_before_it_failed_is_kept_and_the_rest_says_who_failed():
    class Half(Proposer):
        name = "half"

        def propose(self, context):
            (first, _) = RandomProposer().propose(context)
            return Decision((replace(first, provenance=Provenance()),), failed="the second was too hard")

    first, second = fill(here(), Half()).proposals
    assert first.provenance == Provenance("half"), "who does not say so is named by the loop"
    assert second.provenance == Provenance("rules", "half failed: the second was too hard")


def test_an_answer_for_a_slot_that_is_not_open_is_refused():
    class Stray(RulesProposer):
        def propose(self, context):
            return [*super().propose(context), *(replace(p, slot=7) for p in super().propose(context))]

    filled = fill(here(1), Stray())
    assert [proposal.slot for proposal in filled.proposals] == [0]
    assert [rejection.reasons for rejection in filled.rejections] == [("Slot 7 was not asked for.",)]


def test_what_a_proposer_refused_itself_is_on_record_and_nobody_proposes_it_again():
    (wanted,) = RulesProposer().propose(here(1))

    class Honest(Proposer):
        name = "honest"

        def propose(self, context):
            return Decision(refused=(Refusal(wanted, ("It does not compose.",)),), failed="no other idea")

    filled = fill(here(1), Honest())
    assert [(r.proposal, r.reasons) for r in filled.rejections] == [(wanted, ("It does not compose.",))]
    assert filled.rejections[0].key == SPACE.key(wanted.values)
    assert filled.proposals[0].values != wanted.values


def test_notes_of_several_questions_are_joined_under_the_name_of_their_author():
    class Scribe(RandomProposer):
        name = "scribe"

        def propose(self, context):
            proposals = super().propose(context)
            kept = [] if not context.feedback else proposals
            return Decision(tuple(kept), Notes({len(context.feedback): Remark("seen")}), questions=({"slots": []},))

    annotations = fill(here(1), Scribe()).annotations
    assert annotations.by == "scribe"
    assert annotations.notes.observations == {0: Remark("seen"), 1: Remark("seen")}
    assert len(annotations.questions) == 2


def test_a_configuration_is_composed_once_per_decision_however_often_it_is_checked(tmp_path):
    composed = []

    def validate(values, block):
        composed.append(SPACE.key(values))
        return ["It does not compose."] if values["net"] == "b" else []

    class Careful(RulesProposer):
        """Composes for itself, and leaves the answer to the loop."""

        def propose(self, context):
            proposals = super().propose(context)
            assert [context.validate(p.values) for p in proposals] == [context.validate(p.values) for p in proposals]
            return proposals

    study = open_study(tmp_path, settings(n_trials=6), validate=validate)
    study._proposals.proposer = Careful()
    trials = run_study(study)
    assert len(trials) == 6
    assert len(composed) == len({*composed}) == len(trials) + len(study.state.rejections)


def test_what_configurations_are_compared_by_is_built_once_for_a_decision(tmp_path, monkeypatch):
    built = []
    first = Recordings.__init__
    monkeypatch.setattr(Recordings, "__init__", lambda self, *given: (built.append(self), first(self, *given))[1])
    study = open_study(tmp_path, settings(seed_keys=("seed",)))
    run_study(study, stop_after=6)
    built.clear()
    study._proposals.propose(study.state, (Slot(0),), 6)
    assert len(built) == 1
    study._proposals.propose(study.state, (Slot(0),), 6)
    assert len(built) == 1, "nothing ended since"
