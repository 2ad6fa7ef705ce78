"""Each rule: when it speaks, and what it proposes."""

from dataclasses import replace

import pytest
from search_worlds import OBJECTIVE, SPACE, ended, open_study, run_study, settings, tree_of, trial

from hydra_llm.search.context import Block, Context, Slot, Thresholds
from hydra_llm.search.meaning import Meaning
from hydra_llm.search.proposers.rules.baseline import Baseline, RepeatBaseline
from hydra_llm.search.proposers.rules.boundary_skip import BoundarySkip
from hydra_llm.search.proposers.rules.changes_that_helped import ChangesThatHelped
from hydra_llm.search.proposers.rules.coordinate_moves import CoordinateMoves
from hydra_llm.search.proposers.rules.degeneracy import BreakDegeneracy
from hydra_llm.search.proposers.rules.edge import EdgeOfARange
from hydra_llm.search.proposers.rules.exploit import Exploit
from hydra_llm.search.proposers.rules.explore import Explore
from hydra_llm.search.proposers.rules.failure_probe import FailureProbe
from hydra_llm.search.proposers.rules.force_branch import ForceBranch, ForcedDiversity
from hydra_llm.search.proposers.rules.new_parameter import NeverMoved, NewParameter
from hydra_llm.search.proposers.rules.random_restart import RandomRestart
from hydra_llm.search.proposers.rules.recombine import Recombine
from hydra_llm.search.proposers.rules.replicate import Replicate
from hydra_llm.search.proposers.rules.robustness import RobustnessTest
from hydra_llm.search.proposers.rules.scale_up import ScaleUp
from hydra_llm.search.proposers.rules.switch_dimension import SwitchDimension
from hydra_llm.search.proposers.rules.variance_aware import VarianceAware
from hydra_llm.search.space.space import Categorical, Float, Integer, Space
from hydra_llm.search.statistics import history, progress
from hydra_llm.search.tree.recordings import Recordings
from hydra_llm.search.tree.tree import Tree

SLOT = Slot(0)


def context_of(*trials, **more):
    """A context over finished trials in one block; the ranking is by mean, best first."""
    space = more.get("space", SPACE)
    tree = Tree(space, OBJECTIVE, trials) if space is not SPACE else tree_of(*trials)
    nodes = sorted(tree, key=lambda n: (-(n.mean if n.mean is not None else -1.0), n.index))
    floor = tree.noise_floor
    values = {
        "space": space,
        "objective": OBJECTIVE,
        "tree": tree,
        "trials": trials,
        "slots": (SLOT,),
        "ranking": [(node.id, 1.0 - 0.01 * place) for place, node in enumerate(nodes)],
        "block": Block(1, len(trials) + 1, 12),
        "next_number": len(trials),
        "thresholds": Thresholds(),
        "rates": progress.measure(trials, Recordings(tree, trials, OBJECTIVE), 12, floor),
        "noise_floor": floor,
    }
    return Context(**{**values, **more})


def chain(values, key="lr", strategy="exploit"):
    """Trials of a chain that each move one parameter of the trial before."""
    trials = [trial(0, None, values[0])]
    for number, value in enumerate(values[1:], start=1):
        moved = {"lr": 0.3 / 2**number} if key == "lr" else {key: 2 + number}
        new = trial(number, number - 1, value, **moved)
        trials.append(replace(new, proposal=replace(new.proposal, strategy=strategy)))
    return trials


def test_baseline_speaks_only_on_an_empty_tree_and_proposes_the_defaults():
    assert Baseline().condition(context_of())
    assert not Baseline().condition(context_of(trial(0, None, 0.5)))
    proposal = Baseline().propose(context_of(), SLOT, ())
    assert proposal is not None
    assert proposal.values == SPACE.baseline()


def test_repeat_baseline_reruns_the_root_without_change():
    proposal = RepeatBaseline().propose(context_of(*chain([0.5, 0.9])), SLOT, ())
    assert proposal is not None
    assert (proposal.parent, proposal.changes) == (0, ())


def test_exploit_moves_one_parameter_of_the_node_with_the_highest_score():
    proposal = Exploit().propose(context_of(*chain([0.5, 0.8, 0.6])), SLOT, ())
    assert proposal is not None
    assert proposal.parent == 1
    assert len(proposal.changes) == 1


def test_the_second_exploit_slot_branches_from_the_second_node():
    slots = (Slot(0, "exploit"), Slot(1, "exploit"))
    context = context_of(*chain([0.5, 0.8, 0.6]), slots=slots)
    parents = [p.parent for slot in slots if (p := Exploit().propose(context, slot, ())) is not None]
    assert parents == [1, 2]


def test_a_gain_is_followed_in_its_direction():
    proposal = Exploit().propose(context_of(*chain([0.5, 0.8])), SLOT, ())
    assert proposal is not None
    (change,) = proposal.changes
    assert change.key == "lr"
    assert change.new < 0.15 == change.old


def test_a_gain_within_the_noise_is_not_followed():
    """Two runs of the root differ by more than the gain, so the step that led to node 2 proves nothing."""
    trials = (trial(0, None, 0.2), trial(1, 0, 0.8), trial(2, 0, 0.81, lr=0.15))
    assert context_of(*trials).noise_floor > 0.3
    proposal = Exploit().propose(context_of(*trials, ranking=[(2, 1.0)]), SLOT, ())
    assert proposal is not None
    assert proposal.changes[0].key != "lr"


def test_explore_waits_for_a_quarter_block_of_successes_and_leaves_the_recent_chain():
    assert not Explore().condition(context_of(*chain([0.2, 0.95, 0.95])))
    context = context_of(*chain([0.2, 0.5, 0.95, 0.95, 0.95]))
    assert Explore().condition(context)
    proposal = Explore().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.parent in (0, 1)
    assert proposal.changes[0].key != "lr"  # a parameter that was not moved yet


def test_without_thresholds_nothing_counts_as_a_success():
    context = context_of(*chain([0.95] * 5), thresholds=None)
    assert not any(rule.condition(context) for rule in (Explore(), NewParameter(), FailureProbe(), RobustnessTest()))


def test_failure_probe_goes_to_an_extreme_after_three_successes_and_once_in_a_block():
    context = context_of(*chain([0.9, 0.95, 0.93]))
    assert FailureProbe().condition(context)
    proposal = FailureProbe().propose(context, SLOT, ())
    assert proposal is not None
    (change,) = proposal.changes
    extremes = {"lr": (change.old * 10, change.old / 10, 1.0, 1e-4) if change.key == "lr" else (), "depth": (1, 20)}
    assert change.new == pytest.approx(min(extremes[change.key], key=lambda x: abs(x - change.new)))
    probed = chain([0.9, 0.95, 0.93], strategy="failure-probe")[:2]
    assert not FailureProbe().condition(context_of(*probed, *chain([0.9, 0.95, 0.93])[2:]))


def test_robustness_reruns_a_new_best_once_and_only_with_seed_keys():
    trials = chain([0.5, 0.95])
    assert not RobustnessTest().condition(context_of(*trials))
    context = context_of(*trials, seed_keys=("seed",))
    assert RobustnessTest().condition(context)
    proposal = RobustnessTest().propose(context, SLOT, ())
    assert proposal is not None
    assert (proposal.parent, proposal.changes, proposal.mutation) == (1, (), "[none]")
    rerun = replace(trials[1], number=2, proposal=proposal)
    assert not RobustnessTest().condition(context_of(*trials, rerun, seed_keys=("seed",)))


def test_robustness_reruns_the_best_on_equal_recordings_and_not_the_best_mean():
    hard = {"seed": 7}
    lucky, tried = trial(1, 0, 0.93, depth=3), trial(2, 0, 0.95, depth=4)
    trials = (
        trial(0, None, 0.91),
        replace(trial(3, 0, 0.90), seeds=hard),
        lucky,
        tried,
        replace(trial(4, 2, 0.905, depth=4), seeds=hard),
    )
    context = replace(context_of(*trials, seed_keys=("seed",)), tree=Tree(SPACE, OBJECTIVE, trials, reward="mean"))
    assert context.tree.best().id == 1, "a mean over the easy recording alone"
    assert context.recordings.ranked[0].id == 2
    assert not RobustnessTest().condition(context)


def test_robustness_goes_by_means_where_every_run_draws_its_own_seeds():
    runs = [trial(0, None, 0.91), trial(1, None, 0.93), trial(2, 0, 0.95, depth=3)]
    drawn = [replace(one, seeds={"seed": 10 + one.number}) for one in runs]
    context = context_of(*drawn, seed_keys=("seed",), fresh_seeds=True)
    assert RobustnessTest().propose(context, SLOT, ()).parent == 2


def test_recombine_gives_the_better_of_two_distant_nodes_the_other_ones_best_parameter():
    trials = (trial(0, None, 0.5), trial(1, 0, 0.92, lr=0.01), trial(2, 0, 0.95, depth=7))
    context = context_of(*trials)
    assert Recombine().condition(context)
    proposal = Recombine().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.parent == 2
    assert proposal.values == {"lr": 0.01, "depth": 7, "net": "a"}


def test_recombine_leaves_parent_and_child_alone():
    trials = (trial(0, None, 0.92), trial(1, 0, 0.95, lr=0.01))
    assert not Recombine().condition(context_of(*trials))


def test_switch_dimension_after_four_moves_of_one_parameter():
    assert not SwitchDimension().condition(context_of(*chain([0.5, 0.4, 0.4, 0.4])))
    context = context_of(*chain([0.5, 0.4, 0.4, 0.4, 0.4]))
    assert SwitchDimension().condition(context)
    proposal = SwitchDimension().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.changes[0].key != "lr"


def test_force_branch_leaves_a_chain_for_another_of_the_top_three():
    context = context_of(*chain([0.1, 0.8, 0.7, 0.6, 0.5, 0.4]))
    assert context.rates.branching == 0.0
    assert ForceBranch().condition(context)
    proposal = ForceBranch().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.parent in (1, 2, 3)


def test_a_chain_that_gains_is_no_reason_to_branch():
    context = context_of(*chain([0.1, 0.3, 0.5, 0.6, 0.7, 0.8]))
    assert context.rates.branching == 0.0
    assert not ForceBranch().condition(context)


@pytest.mark.parametrize("name", ["force-branch", "forced-branch"])
def test_a_rule_knows_its_own_trials_by_the_name_that_an_earlier_version_wrote(name):
    before = chain([0.1, 0.8, 0.7, 0.6, 0.5, 0.4])
    named = replace(before[-1], proposal=replace(before[-1].proposal, strategy=name))
    assert not ForceBranch().condition(context_of(*before[:-1], named))


def test_two_changes_of_one_configuration_that_helped_run_together():
    trials = (trial(0, None, 0.5), trial(1, 0, 0.7, lr=0.1), trial(2, 0, 0.6, depth=9))
    proposal = ChangesThatHelped().propose(context_of(*trials), SLOT, ())
    assert ChangesThatHelped().condition(context_of(*trials))
    assert proposal is not None
    assert (proposal.parent, proposal.values) == (1, {"lr": 0.1, "depth": 9, "net": "a"})
    both = trial(3, 1, 0.8, lr=0.1, depth=9)
    assert not ChangesThatHelped().condition(context_of(*trials, both))


def test_a_change_that_harmed_is_not_joined():
    trials = (trial(0, None, 0.5), trial(1, 0, 0.7, lr=0.1), trial(2, 0, 0.4, depth=9))
    assert not ChangesThatHelped().condition(context_of(*trials))


def test_the_neighbour_of_an_end_of_a_range_runs_once_where_the_search_moved_the_leader_there():
    trials = (trial(0, None, 0.5), trial(1, 0, 0.9, depth=20))
    context = context_of(*trials)
    assert EdgeOfARange().condition(context)
    proposal = EdgeOfARange().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.parent == 1
    assert 15 < proposal.values["depth"] < 20
    inside = trial(2, 1, 0.8, depth=proposal.values["depth"])
    assert not EdgeOfARange().condition(context_of(*trials, inside))
    assert not EdgeOfARange().condition(context_of(trial(0, None, 0.5))), "nothing was moved"


def test_a_parameter_that_never_moved_is_moved_at_the_leader_where_nothing_gains():
    trials = (trial(0, None, 0.5), *(trial(n, 0, 0.5 - 0.05 * n, lr=0.3 / 2**n) for n in range(1, 5)))
    context = context_of(*trials)
    assert NeverMoved().condition(context)
    proposal = NeverMoved().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.parent == 0
    assert proposal.changes[0].key in ("depth", "net")
    assert not NeverMoved().condition(context_of(*trials[:4])), "three configurations are too few"
    gained = trial(4, 0, 0.9, lr=0.01)
    assert not NeverMoved().condition(context_of(*trials[:4], gained))


def test_four_that_converged_call_for_a_parameter_that_was_moved_least_and_a_success_at_the_limit_is_none():
    assert NewParameter().condition(context_of(*chain([0.95] * 4)))
    assert not NewParameter().condition(context_of(*chain([0.95, 0.9, 0.95, 0.95])))
    proposal = NewParameter().propose(context_of(*chain([0.95] * 4)), SLOT, ())
    assert proposal is not None
    assert proposal.changes[0].key != "lr"


def test_forced_diversity_after_eight_sequential_steps_takes_a_visited_node_outside_the_last_four():
    trials = chain([0.1 + 0.05 * i for i in range(10)])
    context = context_of(*trials)
    assert ForcedDiversity().condition(context)
    proposal = ForcedDiversity().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.parent is not None
    assert proposal.parent < 6
    assert context.tree.node(proposal.parent).visits >= 3


def test_scale_up_multiplies_the_length_by_five_within_its_range():
    space = Space(
        (
            Float(name="lr", low=1e-4, high=1.0, log=True, default=0.3),
            Integer(name="training.data_augmentation_loop", low=10, high=100, default=25),
        )
    )
    trials = []
    for number, value in enumerate([0.2, 0.3, 0.4, 0.5]):
        new = trial(number, number - 1 if number else None, value)
        values = space.canonical({"lr": 0.3 / 2**number})
        trials.append(replace(new, proposal=replace(new.proposal, values=values)))
    declared = Meaning.of({"lengthens": ["training.data_augmentation_loop"]})
    context = replace(context_of(*trials, space=space), meaning=declared)
    assert ScaleUp().condition(context)
    proposal = ScaleUp().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.values["training.data_augmentation_loop"] == 100  # 5 * 25, clipped
    slow = [*trials[:-1], ended(trials[-1], started=0.0, ended=61.0 * 60)]
    assert ScaleUp().propose(replace(context_of(*slow, space=space), meaning=declared), SLOT, ()) is None
    assert ScaleUp().propose(context_of(*trials, space=space), SLOT, ()) is None, "nobody said what sets the length"


def test_scale_up_takes_the_longest_choice_within_five_times_and_once_in_a_block():
    lengths = Categorical(name="training.max_steps", choices=(10, 50, 100, 500), default=20)
    space = Space((lengths, Float(name="lr", low=1e-4, high=1.0, log=True, default=0.3)))
    trials = []
    for number, value in enumerate([0.2, 0.3, 0.4, 0.5]):
        new = trial(number, number - 1 if number else None, value)
        values = space.canonical({"training.max_steps": 50, "lr": 0.3 / 2**number})
        trials.append(replace(new, proposal=replace(new.proposal, values=values)))
    proposal = ScaleUp().propose(context_of(*trials, space=space), SLOT, ())
    assert proposal is not None
    assert proposal.values["training.max_steps"] == 100
    done = replace(trials[1], proposal=replace(trials[1].proposal, strategy="scale-up"))
    assert not ScaleUp().condition(context_of(trials[0], done, *trials[2:], space=space))


def test_near_a_ceiling_partial_results_still_improve_by_factors_that_single_runs_drown():
    bad = [replace(trial(0, None, -2.0), number=n) for n in (0, 1)]
    bad[1] = ended(bad[1], value=-2.6)
    nearer = [trial(2 + n, 0, value, depth=3 + n) for n, value in enumerate([0.2, 0.5, 0.7, 0.85])]
    trials = (*bad, *nearer)
    plain = context_of(*trials, thresholds=Thresholds(converged=0.9, failed=0.1))
    assert history.partial_improvement(replace(plain, ceiling=1.0), 4) == 4
    assert history.partial_improvement(plain, 4) == 4, "a gain of 0.65 beyond a noise of 0.42"
    close = (*bad, *(ended(one, value=v) for one, v in zip(nearer, [0.6, 0.7, 0.8, 0.89], strict=True)))
    plain = context_of(*close, thresholds=Thresholds(converged=0.9, failed=0.1))
    assert history.partial_improvement(replace(plain, ceiling=1.0), 4) == 4, "the distance fell by a factor of 3.6"
    assert history.partial_improvement(plain, 4) == 0, "and the score rose by 0.29"


def test_near_a_ceiling_a_move_is_worth_the_factor_of_the_distance_that_it_gained():
    trials = (
        trial(0, None, -2.7),
        trial(1, 0, 0.63, lr=0.01),
        trial(2, 1, 0.963, lr=0.01, depth=3),
    )
    plain = context_of(*trials)
    raw, scaled = (history.dimension_records(replace(plain, ceiling=c)) for c in (None, 1.0))
    assert raw["lr"].best_gain == pytest.approx(3.33)
    assert raw["depth"].best_gain == pytest.approx(0.333)
    assert scaled["lr"].best_gain == pytest.approx(1.0)
    assert scaled["depth"].best_gain == pytest.approx(1.0), "a tenth of the distance either time"
    first = {
        c: next(CoordinateMoves(replace(plain, ceiling=c), plain.rng()).new_from(plain.tree.node(2))) for c in (1.0,)
    }
    assert first[1.0]["depth"] > 3, "the move that gained last goes on"


def test_scale_up_needs_a_parameter_that_sets_the_length():
    assert ScaleUp().propose(context_of(*chain([0.2, 0.3, 0.4, 0.5])), SLOT, ()) is None


def test_boundary_skip_leaves_a_boundary_that_stays_partial():
    probes = chain([0.95, 0.5, 0.5, 0.5], strategy="failure-probe")
    context = context_of(*probes)
    assert BoundarySkip().condition(context)
    proposal = BoundarySkip().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.parent == 0
    assert not BoundarySkip().condition(context_of(*chain([0.95, 0.5, 0.5, 0.5])))


def test_replicate_takes_the_best_three_below_three_runs_and_then_stops():
    trials = [trial(0, None, 0.5), trial(1, 0, 0.9, lr=0.1), trial(2, 0, 0.8, lr=0.01), trial(3, 0, 0.1, depth=9)]
    context = context_of(*trials, seed_keys=("seed",), slots=(Slot(0, "replicate"),))
    proposal = Replicate().propose(context, Slot(0, "replicate"), ())
    assert proposal is not None
    assert (proposal.parent, proposal.changes) == (1, ())
    for number, parent in enumerate([0, 0, 1, 1, 2, 2], start=4):
        node = trials[parent]
        trials.append(replace(node, number=number, proposal=replace(node.proposal, parent=parent, changes=())))
    assert not Replicate().condition(context_of(*trials, seed_keys=("seed",)))


def test_a_loose_configuration_gets_a_fourth_run_and_a_tight_one_does_not():
    tight = [trial(0, None, 0.90), trial(1, 0, 0.90), trial(2, 0, 0.90)]
    loose = [trial(0, None, 0.90), trial(1, 0, 0.60), trial(2, 0, 0.75)]
    assert not Replicate().condition(context_of(*tight, seed_keys=("seed",)))
    assert Replicate().condition(context_of(*loose, seed_keys=("seed",)))


def test_break_degeneracy_branches_from_the_least_degenerate_node():
    trials = [ended(t, metrics={"val_pearson": 0.95 - 0.1 * t.number}) for t in chain([0.2, 0.2, 0.2])]
    assert not BreakDegeneracy().condition(context_of(*trials))  # nothing says which metric predicts
    context = context_of(*trials, meaning=Meaning(predicts="val_pearson"))
    assert BreakDegeneracy().condition(context)
    proposal = BreakDegeneracy().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.parent == 2
    assert not BreakDegeneracy().condition(context_of(*chain([0.2, 0.2, 0.2])))


def test_variance_aware_prefers_a_parent_of_similar_activity_rank():
    trials = [
        ended(trial(0, None, 0.9), metrics={"effective_rank": 30.0}),
        ended(trial(1, 0, 0.5), metrics={"effective_rank": 30.0}),  # a rerun of the root that disagrees
        ended(trial(2, 0, 0.69, lr=0.1), metrics={"effective_rank": 3.0}),
        ended(trial(3, 0, 0.68, lr=0.01), metrics={"effective_rank": 29.0}),
    ]
    context = context_of(*trials, ranking=[(2, 1.0), (3, 0.9)], meaning=Meaning(complexity=("effective_rank",)))
    assert VarianceAware().propose(replace(context, meaning=Meaning()), SLOT, ()) is None
    assert VarianceAware().condition(context)
    proposal = VarianceAware().propose(context, SLOT, ())
    assert proposal is not None
    assert proposal.parent == 3


def test_random_restart_says_when_nothing_is_left():
    space = Space((Integer(name="n", low=1, high=2, default=1),))
    trials = []
    for number, n in enumerate((1, 2)):
        new = trial(number, None, 0.5)
        trials.append(replace(new, proposal=replace(new.proposal, values={"n": n})))
    assert RandomRestart().propose(context_of(*trials, space=space), SLOT, ()) is None
    rerun = RandomRestart().propose(context_of(*trials, space=space, seed_keys=("seed",)), SLOT, ())
    assert rerun is not None
    assert rerun.changes == ()


def test_a_claimed_configuration_is_left_to_its_slot():
    context = context_of(*chain([0.5, 0.8]))
    first = Exploit().propose(context, SLOT, ())
    assert first is not None
    second = Exploit().propose(context, SLOT, {SPACE.key(first.values)})
    assert second is not None
    assert second.values != first.values


def test_what_is_tried_stands_on_no_lattice(tmp_path):
    """Positions in units of the smallest step, from the default: equal steps would leave whole numbers only."""
    trials = run_study(open_study(tmp_path, settings(n_trials=30)))
    lr = SPACE["lr"]
    sixteenths = [16 * (lr.to_unit(trial.values["lr"]) - lr.to_unit(lr.default)) for trial in trials]
    off = {round(place, 6) for place in sixteenths if abs(place - round(place)) > 1e-6}
    assert len(off) >= 5
    assert sixteenths == [
        16 * (lr.to_unit(t.values["lr"]) - lr.to_unit(lr.default))
        for t in run_study(open_study(tmp_path / "again", settings(n_trials=30)))
    ]
