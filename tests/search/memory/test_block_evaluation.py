"""The protocol judged by a block: both definitions of branching, and the advice of the published thresholds."""

from dataclasses import replace

from search_worlds import recordings_of, trial

from hydra_llm.search.memory.block_evaluation import evaluate, lines


def judged(*trials, n=12, floor=0.01):
    return evaluate(trials, recordings_of(trials), n, floor)


def chain(values, keys=("depth",)):
    """Each trial branches from the one before; `keys` says what moves in turn."""
    trials = [trial(0, None, values[0])]
    moved = {"lr": 0.3, "depth": 2, "net": "a"}
    for place, value in enumerate(values[1:], start=1):
        key = keys[(place - 1) % len(keys)]
        moved[key] = 2 + place if key == "depth" else 0.3 / (1 + place)
        one = trial(place, place - 1, value, **moved)
        changes = tuple(change for change in one.proposal.changes if change.key == key)
        trials.append(_with_changes(one, changes))
    return trials


def _with_changes(one, changes):
    return replace(one, proposal=replace(one.proposal, changes=changes))


def test_a_pure_chain_branches_never_has_all_parents_distinct_and_is_told_to_branch():
    found = judged(*chain([0.1, 0.2, 0.3, 0.4, 0.5], keys=("depth", "lr")))
    assert (found.window.branching, found.window.distinct_parents) == (0.0, 3)
    assert (found.branching_block, found.distinct_block, found.mutations) == (0.0, 4, 4)
    assert any("below 20 %: add a rule that branches" in line for line in found.advice)


def test_a_star_branches_always_and_is_told_to_follow_up():
    star = [trial(0, None, 0.5), *(trial(n, 0, 0.5 + 0.1 * (n % 2), depth=3 + n) for n in range(1, 8))]
    found = judged(*star)
    assert found.window.branching == 1.0
    assert found.distinct_block == 1
    assert any("above 80 %" in line and "boundaries" in line for line in found.advice)


def test_improvement_is_measured_against_the_noise_floor():
    rising = chain([0.1, 0.12, 0.14, 0.16, 0.18], keys=("depth", "lr"))
    assert any("explore more" in line for line in judged(*rising).advice)
    assert any("exploit more" in line for line in judged(*rising, floor=0.05).advice)


def test_three_results_within_the_band_are_a_plateau():
    assert any("forces a branch" in line for line in judged(*chain([0.1, 0.5, 0.51, 0.52])).advice)
    assert not any("forces a branch" in line for line in judged(*chain([0.1, 0.5, 0.55, 0.8])).advice)


def test_more_than_four_mutations_of_one_parameter_are_named():
    found = judged(*chain([0.1 * n for n in range(6)]))
    assert found.same_parameter == ("depth", 5)
    assert any("depth was moved 5 times in a row" in line for line in found.advice)
    assert not any("in a row" in line for line in judged(*chain([0.1 * n for n in range(5)])).advice)


def test_what_each_strategy_gave_is_counted():
    assert judged(*chain([0.1, 0.2, 0.2, 0.5])).by_strategy == {"exploit": (3, 2)}


def test_an_empty_block_advises_nothing():
    found = judged()
    assert found.advice == ()
    assert lines(found)[-1] == "- Advice: the rates call for no change."
