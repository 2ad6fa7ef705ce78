"""With a model, the model decides, and sees the pool; or its proposals compete; or it gets a share of the trials."""

import re
from dataclasses import replace

import pytest
from llm_sweeps import SPACE, Stepper, answer, slot, small
from search_worlds import bowl, run_study
from search_worlds import settings as bowl_settings

from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.context import Slot
from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.statistics.pool_record import pool_record
from hydra_llm.search.study import Study
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.standing import Expectation, PoolCandidate


def proposer(*script, **options):
    client = ScriptedClient(script)
    return LlmProposer(client, LlmSettings.of(options)), client


def one(**fields):
    return small(slots=(Slot(0, "exploit"),), left=12, **fields)


def shown(client):
    return client.requests[-1].messages[1].text


# ---- decide ----
def test_the_question_lists_the_candidates_with_mean_and_spread_and_what_is_expected_of_the_leader():
    llm, client = proposer(answer(slot(0)))
    llm.propose(one())
    section = shown(client).split("## Candidates of the Gaussian process\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert len(rows) == 4
    assert all(" to " in row for row in rows)
    assert "Of the leader, node 4, it expects 0.9" in section


def test_its_own_proposal_runs_and_gets_the_same_prediction_back():
    llm, _ = proposer(answer(slot(0)))
    (proposal,) = llm.propose(one()).proposals
    assert str(proposal.provenance) == "llm"
    standing = proposal.standing
    assert standing.place is None
    assert standing.expected.low < standing.expected.median < standing.expected.high
    assert standing.best is not None
    assert standing.best_values != proposal.values


def test_a_candidate_can_be_taken_as_it_is_however_many_parameters_it_moves():
    llm, _ = proposer(answer(slot(0, parent=None, moved={}, candidate=2)))
    (proposal,) = llm.propose(one()).proposals
    assert proposal.standing.place == 2
    assert proposal.parent in small().tree
    assert proposal.note.startswith("candidate 2 of the pool. ")
    assert SPACE.validate(proposal.values) == []


def test_a_candidate_can_be_changed_in_one_parameter_and_no_more():
    both = {"training.lr": 1.7e-4, "training.batch_size": 61}
    llm, client = proposer(
        answer(slot(0, parent=None, moved=both, candidate=1)),
        answer(slot(0, parent=None, moved={"training.batch_size": 61}, candidate=1)),
    )
    (proposal,) = llm.propose(one()).proposals
    assert "2 parameters of the candidate are moved; at most 1" in client.requests[1].messages[3].text
    assert proposal.values["training.batch_size"] == 61
    assert proposal.standing.place is None
    assert proposal.note.startswith("candidate 1 of the pool, changed.")


def test_a_candidate_that_is_copied_as_mutations_is_returned_with_its_number():
    llm, client = proposer(answer(slot(0)))
    llm.propose(one())
    pool = shown(client).split("## Candidates of the Gaussian process\n")[1]
    changes = [
        {f"training.{name}": float(value) for name, value in (change.split(": ") for change in row.split("; "))}
        for row in re.findall(r"^\| [1-4] \| \d+ \| ([^|]+) \|", pool, re.MULTILINE)
    ]
    number, moved = next((n, row) for n, row in enumerate(changes, start=1) if len(row) == 2)
    llm, client = proposer(
        answer(slot(0, parent=4, moved=moved)),
        answer(slot(0, parent=None, moved={}, candidate=number)),
    )
    (proposal,) = llm.propose(one()).proposals
    assert f"those of candidate {number}. To take it, give candidate={number}" in client.requests[1].messages[3].text
    assert proposal.standing.place == number


@pytest.mark.parametrize(("number", "said"), [(0, "from 1 to 4"), (5, "from 1 to 4"), (-1, "from 1 to 4")])
def test_a_candidate_that_is_not_listed_is_returned(number, said):
    llm, client = proposer(answer(slot(0, candidate=number)), answer(slot(0)))
    llm.propose(one())
    assert f"candidate={number} is not in the question; there are {said}" in client.requests[1].messages[3].text


def test_a_candidate_of_another_slot_is_returned():
    wide = PoolCandidate({**SPACE.baseline(), "training.batch_size": 32}, 0, "move", Expectation(0.9, 0.8, 1.0))
    assert not wide.fits({"training.batch_size": 16})
    assert wide.fits({"training.batch_size": 32})


def test_before_anything_is_believed_there_is_no_list_and_no_standing():
    few = small()
    trials = few.trials[:2]
    tree = Tree(SPACE, few.objective, trials)
    context = replace(one(), trials=trials, tree=tree, at_hand=trials, ranking=())
    llm, client = proposer(answer(slot(0, parent=0)))
    (proposal,) = llm.propose(context).proposals
    assert "Candidates of the Gaussian process" not in shown(client)
    assert proposal.standing is None


def test_nearly_the_same_configuration_is_refused_with_both_values():
    llm, client = proposer(answer(slot(0, parent=2, moved={"training.lr": 1.005e-2})), answer(slot(0)))
    llm.propose(one())
    said = client.requests[1].messages[3].text
    assert "nearly that of trial 0 (training.lr 0.01 there, 0.01005 here): less than 1 % of a range" in said


def test_a_small_step_and_an_exact_rerun_are_no_near_duplicates():
    assert [p.slot for p in proposer(answer(slot(0, moved={"training.lr": 3.3e-3})))[0].propose(one()).proposals] == [0]
    again = answer(slot(0, parent=4, moved={}, strategy="robustness-test"))
    assert [p.parent for p in proposer(again)[0].propose(one()).proposals] == [4]


def test_the_next_question_shows_what_was_expected_beside_what_came(tmp_path):
    client, _ = sweep(tmp_path, "decide")
    text = shown(client)
    assert "| change | expected / pool's choice |" in text
    assert "So far: " in text


# ---- candidate ----
def test_as_a_candidate_a_poor_proposal_loses_to_the_pool_and_the_record_says_so():
    llm, _ = proposer(answer(slot(0, parent=0, moved={"training.lr": 0.0999})), role="candidate")
    (proposal,) = llm.propose(one()).proposals
    assert str(proposal.provenance) == "llm:bayes"
    assert proposal.note.startswith("preferred to the model's own (training.lr: 0.01 -> 0.0999; from 0, expected ")
    assert proposal.standing.place == 1


def test_as_a_candidate_the_pools_own_choice_by_the_model_runs_as_the_models():
    llm, _ = proposer(answer(slot(0, parent=None, moved={}, candidate=1)), role="candidate")
    (proposal,) = llm.propose(one()).proposals
    assert str(proposal.provenance) == "llm"


# ---- share ----
def test_with_a_share_every_kth_trial_is_the_models_and_the_others_are_the_process(tmp_path):
    _, trials = sweep(tmp_path, "share", every=3)
    who = [t.proposal.provenance.source for t in trials]
    assert [index for index, name in enumerate(who) if name == "llm"] == [2, 5, 8, 11]
    assert who[0] == "rules"
    assert set(who[1:]) == {"llm", "bayes"}


def test_the_standing_survives_the_log(tmp_path):
    _, trials = sweep(tmp_path, "decide")
    read = read_sweep(tmp_path).state.search_trials()
    assert [t.proposal.standing for t in read] == [t.proposal.standing for t in trials]
    assert pool_record(read, bowl_settings().objective).own > 0


def sweep(folder, role, **options):
    client = Stepper()
    llm = LlmProposer(client, LlmSettings.of({"role": role, **options}), on_text=lambda words: None)
    study = Study(folder, bowl_settings(n_trials=12), make_policy("puct_rank", None), llm, argv=[])
    trials = run_study(study, bowl)
    study.close()
    return client, trials
