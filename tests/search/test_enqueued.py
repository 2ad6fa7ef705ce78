"""Configurations that the user enqueues run first, and once."""

import pytest
from search_worlds import open_study, run_study, settings

FIRST = {"lr": 0.01}
SECOND = {"lr": 0.02, "depth": 7}


def launched(folder, proposer="rules", **more):
    study = open_study(folder, settings(enqueue=(FIRST, SECOND), **more), proposer)
    return study, run_study(study)


@pytest.mark.parametrize("proposer", ["rules", "bayes", "tpe", "random"])
def test_they_follow_the_baseline_in_their_order_as_its_children(tmp_path, proposer):
    study, trials = launched(tmp_path, proposer, n_trials=6)
    space = study.settings.space
    assert [trial.values for trial in trials[:3]] == [
        space.baseline(),
        space.canonical({**space.baseline(), **FIRST}),
        space.canonical({**space.baseline(), **SECOND}),
    ]
    assert [str(trial.proposal.provenance) for trial in trials[1:3]] == ["user", "user"]
    assert [trial.proposal.strategy for trial in trials[1:3]] == ["enqueued", "enqueued"]
    assert [trial.proposal.parent for trial in trials[1:3]] == [0, 0]
    assert all(trial.proposal.strategy != "enqueued" for trial in trials[3:])


def test_with_several_slots_they_fill_the_first_batch_behind_the_baseline(tmp_path):
    study, trials = launched(tmp_path, n_parallel=4, n_trials=8)
    space = study.settings.space
    assert trials[0].values == space.baseline()
    assert [trial.values["lr"] for trial in trials[1:3]] == pytest.approx([0.01, 0.02])
    assert [trial.proposal.strategy for trial in trials].count("enqueued") == 2


def test_later_blocks_do_not_repeat_them(tmp_path):
    _, trials = launched(tmp_path, n_trials=12, n_iter_block=6)
    assert [trial.proposal.strategy for trial in trials].count("enqueued") == 2


def test_one_that_ran_already_is_not_repeated(tmp_path):
    study = open_study(tmp_path, settings(enqueue=(FIRST, dict(FIRST), {}), n_trials=6), "random")
    trials = run_study(study)
    assert [trial.proposal.strategy for trial in trials].count("enqueued") == 1
