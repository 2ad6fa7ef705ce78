"""A rule between parameters: kept by draws and moves, refused with its sentence otherwise."""

import numpy as np
import pytest
from search_worlds import SPACE, open_study, run_study, settings

from hydra_llm.search.space.constraint_error import ConstraintError
from hydra_llm.search.space.space import Space

SENTENCE = "lr * depth must stay below 2."


def light(values):
    return None if values["lr"] * values["depth"] < 2.0 else SENTENCE


BOUND = Space(SPACE.dimensions, constraint=light)


def test_random_draws_keep_the_constraint():
    rng = np.random.default_rng(0)
    assert [BOUND.violation(BOUND.sample(rng)) for _ in range(200)] == [None] * 200


def test_what_breaks_the_constraint_is_still_a_configuration_with_a_key():
    values = {"lr": 1.0, "depth": 20}
    assert BOUND.violation(values) == SENTENCE
    assert BOUND.validate(values) == []
    assert BOUND.key(values) == SPACE.key(values)
    assert BOUND.hash == SPACE.hash


def test_the_constraint_survives_locks_and_other_defaults():
    for space in (BOUND.with_locks(["net"], "fixed"), BOUND.with_defaults({"depth": 3})):
        assert space.violation({"lr": 1.0, "depth": 20}) == SENTENCE


@pytest.mark.parametrize("proposer", ["rules", "random"])
def test_a_search_launches_nothing_that_breaks_the_constraint_and_refuses_nothing_of_its_own(tmp_path, proposer):
    study = open_study(tmp_path, settings(space=BOUND, n_trials=40), proposer)
    trials = run_study(study)
    assert len(trials) == 40
    assert [light(trial.values) for trial in trials] == [None] * 40
    assert not [r for r in study.state.rejections if SENTENCE in r.reasons and r.proposal.strategy == "random"]


def test_a_proposal_that_breaks_the_constraint_is_rejected_with_the_sentence_and_takes_no_number(tmp_path):
    from hydra_llm.search.proposers.base import Proposer, mutate
    from hydra_llm.search.proposers.rules.proposer import RulesProposer

    class Stubborn(Proposer):
        name = "stubborn"
        heard: tuple[str, ...] = ()

        def propose(self, context):
            if not len(context.tree):
                return RulesProposer().propose(context)
            self.heard += context.feedback
            values = {"lr": 1.0, "depth": 10 + context.next_number}
            return [mutate(context, s, 0, values, strategy="s", source=self.name) for s in context.slots]

    stubborn = Stubborn()
    study = open_study(tmp_path, settings(space=BOUND, n_trials=3))
    study._proposals.proposer = stubborn
    trials = run_study(study)
    assert [trial.number for trial in trials] == [0, 1, 2]
    assert all(light(trial.values) is None for trial in trials)
    assert {rejection.reasons for rejection in study.state.rejections} == {(SENTENCE,)}
    assert f"Slot 0: {SENTENCE}" in stubborn.heard


def test_a_model_is_told_what_the_constraint_is_about(tmp_path):
    from hydra_llm.search.proposers.llm.prompt_fixed import space

    def described(values):
        """Learning rate times depth stays below 2."""
        return light(values)

    for constraint, told in ((described, "Learning rate times depth stays below 2."), (light, "not described")):
        study = open_study(tmp_path / told[:3], settings(space=Space(SPACE.dimensions, constraint=constraint)))
        study.ask(1)
        assert told in space(study._proposals.context(study.state, (), 1)).rows[-1]


def test_a_constraint_may_be_a_predicate():
    def small(values):
        return values["depth"] < 4

    space = Space(SPACE.dimensions, constraint=small)
    shallow = {**SPACE.baseline(), "depth": 2}
    assert space.violation(shallow) is None
    assert space.violation({**shallow, "depth": 6}) == "The constraint small does not allow this configuration."


@pytest.mark.parametrize("answer", [0, 1.0, ["deep"]])
def test_an_answer_of_a_constraint_that_is_none_is_named_with_the_remedy(answer):
    space = Space(SPACE.dimensions, constraint=lambda values: answer)
    with pytest.raises(ConstraintError, match=r"returned .* for .*It must return None or True"):
        space.violation(SPACE.baseline())
