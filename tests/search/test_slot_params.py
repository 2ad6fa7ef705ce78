"""Slots that keep a parameter for themselves: whoever proposes, the value is the slot's."""

import sys

import pytest
from llm_sweeps import answer, slot
from search_worlds import bowl, comparable, open_study, run_study, settings

from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.annotations import evidence_of
from hydra_llm.search.context import Slot
from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.slot_params import groups
from hydra_llm.search.space.space import Categorical, Float, Integer, Space
from hydra_llm.search.study import Study
from hydra_llm.search.tree.draws import Draws
from hydra_llm.search.trial.provenance import Provenance

HORIZONS = (4, 16, 32, 64)
SPACE = Space(
    (
        Float(name="lr", low=1e-4, high=1.0, log=True, default=0.3),
        Integer(name="depth", low=1, high=20, default=2),
        Categorical(name="net", choices=("a", "b", "c"), default="a"),
        Categorical(name="horizon", choices=HORIZONS, default=4),
    ),
    by_slot=("horizon",),
)


def grouped(**more):
    return settings(**{"space": SPACE, "slot_params": {"horizon": HORIZONS}, "n_parallel": 4, "n_trials": 24, **more})


@pytest.mark.parametrize("proposer", ["rules", "random", "tpe", "bayes"])
@pytest.mark.parametrize("seed_keys", [(), ("seed",)])
def test_whoever_proposes_each_slot_keeps_its_value(tmp_path, proposer, seed_keys):
    trials = run_study(open_study(tmp_path, grouped(seed_keys=seed_keys), proposer))
    assert [trial.values["horizon"] for trial in trials] == [HORIZONS[n % 4] for n in range(24)]
    assert len({trial.values["lr"] for trial in trials}) > 2


def test_every_group_starts_with_the_baseline_and_grows_a_tree_of_its_own(tmp_path):
    study = open_study(tmp_path, grouped())
    trials = run_study(study)
    assert len(trials) > 4
    for trial in trials[:4]:
        assert trial.proposal.strategy == "baseline"
        assert trial.values == {**SPACE.baseline(), "horizon": HORIZONS[trial.number]}
    for trial in trials[4:]:
        assert trials[trial.proposal.parent].values["horizon"] == trial.values["horizon"]
        assert "horizon" not in {change.key for change in trial.proposal.changes}


def test_fewer_slots_than_values_take_them_in_turn(tmp_path):
    trials = run_study(open_study(tmp_path, grouped(n_parallel=1, n_trials=12)))
    assert [trial.values["horizon"] for trial in trials] == [*HORIZONS] * 3


def test_more_slots_than_values_share_groups(tmp_path):
    trials = run_study(open_study(tmp_path, grouped(slot_params={"horizon": HORIZONS[:2]}, n_trials=16)))
    assert [trial.values["horizon"] for trial in trials] == [4, 16] * 8
    assert len({SPACE.key(trial.values) for trial in trials}) == 16


def test_an_interrupted_search_goes_on_as_if_nothing_had_happened(tmp_path):
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    whole = run_study(open_study(tmp_path / "whole", grouped()))
    run_study(open_study(tmp_path / "cut", grouped()), stop_after=12)
    assert comparable(run_study(open_study(tmp_path / "cut", grouped()))) == comparable(whole)


def ask_model(tmp_path, *answers):
    """The second batch of a sweep whose groups have their baselines, by a scripted model."""
    llm = LlmProposer(ScriptedClient(answers), LlmSettings(max_repairs=1))
    study = Study(tmp_path, grouped(), make_policy("puct_rank", None), llm, argv=sys.argv)
    run_study(study, bowl, stop_after=4)
    study = Study(tmp_path, grouped(), make_policy("puct_rank", None), llm, argv=sys.argv)
    return study.ask(4), llm


def free(index, moved):
    return slot(index, 0, "free", moved=moved)


def test_a_model_may_branch_across_groups_and_gets_the_value_of_its_slot(tmp_path):
    given = answer(*(free(i, {"lr": 0.01}) for i in range(4)))
    trials, llm = ask_model(tmp_path, given)
    assert {trial.proposal.provenance for trial in trials} == {Provenance("llm")}
    assert [trial.values["horizon"] for trial in trials] == list(HORIZONS)
    assert trials[2].proposal.mutation == "lr: 0.3 -> 0.01; horizon: 4 -> 32"
    question = llm._client.requests[0].messages[1].text
    assert "- slot 2: free, keeps horizon=32" in question
    assert "kept by the slot" in llm._client.requests[0].messages[0].text
    kinds = llm._client.requests[0].schema["$defs"]["Mutation"]["anyOf"]
    assert [key for kind in kinds for key in kind["properties"]["key"]["enum"]] == ["lr", "depth", "net"]


def test_a_model_that_moves_the_slots_own_parameter_is_told_so(tmp_path):
    wrong = answer(free(0, {"horizon": 64}), *(free(i, {"lr": 0.01}) for i in (1, 2, 3)))
    trials, llm = ask_model(tmp_path, wrong, answer(free(0, {"depth": 7})))
    assert "horizon is kept by the slot (4 here) and moved by nobody" in llm._client.requests[1].messages[3].text
    assert [trial.values["horizon"] for trial in trials] == list(HORIZONS)
    assert {trial.proposal.provenance for trial in trials} == {Provenance("llm")}


def test_what_the_rules_take_over_from_a_model_stays_in_its_group(tmp_path):
    trials, _ = ask_model(tmp_path, "no idea", answer(free(1, {"lr": 0.01})))
    assert [trial.values["horizon"] for trial in trials] == list(HORIZONS)
    origins = [trial.proposal.provenance.source for trial in trials]
    assert origins == ["rules", "llm", "rules", "rules"]


def test_settings_and_space_must_agree_on_what_slots_keep():
    with pytest.raises(ValueError, match=r"slot_params must declare the keys that.*got none"):
        settings(space=SPACE)


def test_where_every_run_draws_its_seeds_a_group_is_compared_by_means_like_the_whole(tmp_path):
    wanted = grouped(seed_keys=("seed",), fresh_seeds=True, identity={"fresh_seeds": True}, n_trials=16)
    study = open_study(tmp_path, wanted)
    run_study(study)
    context = study._proposals.context(study.state, (Slot(0, fixed={"horizon": 4}),), 16)
    (group,) = groups(context)
    found = (context.recordings, group.recordings, study.state.recordings(1))
    assert [type(one) for one in found] == [Draws, Draws, Draws]
    assert group.recordings.all == (1,)
    assert type(read_sweep(tmp_path).state.recordings(1)) is Draws
    assert {type(one) for one in evidence_of(study.state, study.settings).recordings.values()} == {Draws}
