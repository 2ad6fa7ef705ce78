"""The recorded sweep of a reaction network (24 trials on two recordings), as far as its leaders go."""

from dataclasses import replace

import pytest
from search_worlds import OBJECTIVE, ended, tree_of, trial

from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import TrialState

HARD = {"seed": 7}
RUNS = (  # number, parent, value, on the hard recording, depth as a stand-in for the configuration
    (0, None, -0.358, False, 1),
    (1, 0, 0.727, False, 2),
    (2, 1, 0.9932, False, 3),
    (3, 2, 0.9828, False, 4),
    (4, 2, 0.9376, True, 3),
    (5, 2, 0.9942, False, 5),
    (6, 5, 0.9932, False, 6),
    (7, 5, 0.9662, True, 5),
    (8, 6, 0.99912, False, 7),
    (9, 8, 0.9874, True, 7),
    (10, 8, 0.99948, False, 8),
    (11, 10, 0.9998, False, 9),
    (12, 11, 0.9967, True, 9),
)


def records(rows=RUNS, ceiling=1.0):
    trials = [
        replace(trial(n, parent, value, depth=depth), seeds=HARD if hard else {})
        for n, parent, value, hard, depth in rows
    ]
    return Recordings(tree_of(*trials), trials, OBJECTIVE, ceiling)


def node(found, number):
    return found.tree.node(number)


def test_runs_are_on_recordings_by_their_seeds_in_order_of_appearance():
    found = records()
    assert (found.of(0), found.of(4), found.all) == (1, 2, (1, 2))
    assert found.seeds == {1: {}, 2: HARD}
    assert found.of_node(node(found, 2)) == (1, 2)
    assert found.value(node(found, 2), 2) == 0.9376
    assert found.missing(node(found, 10), node(found, 11)) == (2,)


def test_a_pair_compares_on_shared_recordings_and_not_means():
    found = records()
    means = node(found, 3).mean - node(found, 2).mean
    pair = found.pair(node(found, 3), node(found, 2))
    assert means > 0.017, "a mean over other recordings calls the worse configuration better"
    assert (pair.recordings, round(pair.mean, 4)) == ((1,), -0.0104)


def test_who_ran_everywhere_leads_before_a_single_run_on_the_easy_recording():
    upto = records(RUNS[:12])  # 11 has not run on the hard recording yet: the best estimate, without a better rival
    assert upto.leader.id == 11
    whole = records()
    assert max(whole.tree.nodes, key=lambda n: n.mean).id == 10, "by means a single easy run is best"
    assert (whole.leader.id, whole.challengers) == (11, [])
    assert [n.id for n in whole.ranked[:3]] == [11, 10, 8]


def test_a_configuration_that_ran_once_challenges_a_leader_that_it_does_not_clearly_beat():
    rows = (*RUNS, (13, 11, 0.99981, False, 10))
    found = records(rows)
    assert found.leader.id == 11
    assert [n.id for n in found.challengers] == [13]


def test_near_a_ceiling_distances_to_it_count():
    found = records()
    pair = found.pair(node(found, 11), node(found, 8))
    assert pair.mean_on_scale == pytest.approx(0.61, abs=0.02), "errors a factor of four smaller on either recording"
    assert records(ceiling=None).pair(node(found, 11), node(found, 8)).mean_on_scale == pytest.approx(pair.mean)


def test_noise_is_told_apart_by_what_differs():
    found = records()
    assert found.repeated is None, "nothing ran twice on one recording"
    assert found.between.sd > found.paired.sd * 0.5
    again = [*RUNS, (13, 11, 0.9996, False, 9)]
    assert records(again).repeated.freedom == 1


def test_failures_and_running_trials_have_a_recording_and_no_score():
    runs = [trial(0, None, 0.5), ended(trial(1, 0, depth=3), state=TrialState.FAILED), trial(2, 0, depth=4)]
    found = Recordings(tree_of(*runs), runs, OBJECTIVE)
    assert [n.id for n in found.ranked] == [0]
    assert found.pair(found.tree.node(1), found.tree.node(0)) is None
    assert found.of(2) == 1


def test_a_metric_to_be_minimised_is_compared_by_its_score():
    loss = Objective("loss", "minimize")
    runs = [trial(0, None, 0.5), trial(1, 0, 0.2, depth=3)]
    found = Recordings(tree_of(*runs), runs, loss, ceiling=0.0)
    assert found.leader.id == 1
    assert found.value(found.leader, 1) == 0.2
    assert found.pair(found.tree.node(1), found.tree.node(0)).mean == pytest.approx(0.3)


def test_an_empty_tree_has_no_leader():
    found = Recordings(tree_of(), [], OBJECTIVE)
    assert (found.leader, found.all, found.estimates, found.paired) == (None, (), {}, None)


def test_the_noise_floor_is_on_the_scale_and_reaches_less_far_near_the_ceiling():
    found = records(((0, None, 0.0, False, 2), (1, None, 0.9, False, 2), (2, 0, 0.99, False, 3)))
    assert found.noise_floor == pytest.approx(2**-0.5), "a run of the first is ten times nearer than the other"
    assert found.noise_at(0.9) == pytest.approx(0.1 * (10**2**-0.5 - 1))
    assert found.noise_at(0.99) == pytest.approx(found.noise_at(0.9) / 10)


def test_without_a_ceiling_the_noise_floor_is_the_trees_everywhere():
    found = records(ceiling=None)
    assert found.noise_floor == found.noise_at(0.5) == found.noise_at(0.99) == found.tree.noise_floor


def test_a_configuration_improves_on_shared_recordings_and_not_by_running_on_the_easy_one():
    found = records()
    assert found.gain(node(found, 3)) > 0, (
        "its estimate is above the parent's, which is better on the recording that they share"
    )
    improved = [found.has_improved(node(found, number), 0.0) for number in (0, 3, 10, 11)]
    assert improved == [None, False, False, True], "10 gained what chance gives a pair"
