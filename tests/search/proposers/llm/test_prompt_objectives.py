"""What a language model is told of several objectives, and what of its answer is not kept."""

from dataclasses import replace

import pytest
from llm_sweeps import Stepper
from search_worlds import bowl, run_study
from search_worlds import settings as bowl_settings

from hydra_llm import Float, Objectives, Proposer, Space, Study
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.proposers.llm.prompt import build_prompt
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.selection.registry import make_policy

SPACE = Space(tuple(Float(name=name, low=0.0, high=1.0, default=0.5) for name in "ab"))
TWO = Objectives(("minimize", "maximize"), ("cost", "test_gain"))


class Reader(Proposer):
    """Proposes at random, and keeps what it was shown."""

    name = "reader"
    weighs_alike = True

    def __init__(self):
        self.seen = []

    def propose(self, context):
        self.seen.append(context)
        return RandomProposer().propose(context)


@pytest.fixture(scope="module")
def seen():
    reader = Reader()
    study = Study.in_memory(SPACE, TWO, n_trials=8, proposer=reader)
    while trials := study.ask(1):
        for trial in study.launched(trials):
            a, b = trial.values["a"], trial.values["b"]
            study.tell(trial.number, {"cost": a + b, "test_gain": a - b**2, "other": 1.0})
    return reader.seen


def test_the_question_names_the_objectives_with_their_directions_and_lists_the_front(seen):
    context = replace(seen[-1], slots=seen[-1].slots)
    built = build_prompt(context, (0,), 1, 16_000)
    assert "minimize cost, maximize test_gain. They pull against each other" in built.system
    front = built.user.split("Pareto front")[1].split("\n\n")
    rows = [line for part in front[:3] for line in part.splitlines() if line.startswith("| ")]
    assert "cost" in rows[0]
    assert [int(row.split("|")[1]) for row in rows if row.split("|")[1].strip().isdigit()] == [
        member.number for member in context.front
    ]


def test_every_objective_has_a_column_whatever_its_name(seen):
    built = build_prompt(seen[-1], (0,), 1, 16_000)
    (head,) = (line for line in built.user.splitlines() if line.startswith("| trial | parent"))
    assert "cost" in head
    assert "test_gain" in head
    assert "distance_to_ideal" in head


def test_a_proposer_that_weighs_alike_can_ask_for_the_weights_of_the_decision(seen):
    assert seen[0].drawn is None  # there is no front yet
    later = [context.drawn() for context in seen[1:]]
    assert all(context.weights == () for context in seen)
    assert all(sum(context.weights) == pytest.approx(1.0) for context in later)
    assert len({context.weights for context in later}) == len(later)
    values = [[trial.value for trial in context.trials] for context in (seen[-1], later[-1])]
    assert values[0] != values[1]


@pytest.mark.parametrize("role", ["decide", "candidate", "share"])
def test_a_model_takes_part_in_every_role_and_no_interval_of_it_is_judged(tmp_path, role):
    """Two blocks, so the model reviews one. An expected distance is no record once the front has moved."""
    client = Stepper()
    llm = LlmProposer(client, LlmSettings.of({"role": role, "every": 2}), on_text=lambda words: None)
    wanted = bowl_settings(objective=TWO.scalar, objectives=TWO, n_trials=10, n_iter_block=5)
    study = Study(tmp_path, wanted, make_policy("puct_rank", None), llm, argv=[])
    run_study(study, lambda trial: {"cost": trial.values["depth"], "test_gain": bowl(trial)["R2"]})
    study.finish("all used")
    study.close()
    trials = study.state.search_trials()
    assert [trial.state for trial in trials] == ["COMPLETED"] * 10
    assert "llm" in {trial.proposal.provenance.label for trial in trials}
    assert not any(trial.proposal.prediction or trial.proposal.standing for trial in trials)
    assert any("Pareto front" in request.messages[1].text for request in client.requests)
    assert read_sweep(tmp_path).state.front == study.front
