"""What the records say of a principle: level, effect, interval; and how it falls."""

import math
from dataclasses import replace

import pytest
from search_worlds import OBJECTIVE, SPACE, ended, tree_of, trial

from hydra_llm.search.log.memory_entries import MemoryEntry
from hydra_llm.search.memory.evidence import EvidenceBase, judge
from hydra_llm.search.statistics.claims import Claim, claim_problem, probes
from hydra_llm.search.trial.trial import Prediction, TrialState

DEEPER = Claim("depth", "up", "better")


def entry(text="Deeper is better.", claim=DEEPER, **fields):
    base = {"trials": (), "asked": "established", "by": "llm", "number": 9, "block": 1}
    return MemoryEntry("P1", "principle", text, claim=claim, **{**base, **fields})


def records(*blocks, noisy=True, ceiling=None):
    """One tree per argument, blocks counted from 1."""
    trees = {index: tree_of(*trials) for index, trials in enumerate(blocks, start=1)}
    finished = [replace(t, block=b) for b, ts in enumerate(blocks, start=1) for t in ts if t.state.is_finished]
    return EvidenceBase(trees, finished, OBJECTIVE, noisy, ceiling)


def found(one, known):
    return judge(one, known, {one.name: one})


def chain(*values, start=0, depths=None, repeat=0):
    """Trials of growing depth under one another; the baseline runs `repeat` more times with a noise of 0.01."""
    trials = [trial(start, None, values[0], depth=2)]
    trials += [trial(start + 100 + n, start, values[0] + 0.01 * (-1) ** n, depth=2) for n in range(repeat)]
    for place, value in enumerate(values[1:], start=1):
        depth = depths[place - 1] if depths else 2 + place
        trials.append(trial(start + place, start + place - 1, value, depth=depth))
    return trials


STEPS = chain(0.1, 0.3, 0.5, 0.7, repeat=2)


def test_three_consistent_runs_beyond_the_noise_establish_a_principle_with_its_effect():
    evidence = found(entry(), records(STEPS))
    assert (evidence.level, evidence.support, evidence.against) == ("established", (1, 2, 3), ())
    assert evidence.effect == pytest.approx(0.2, abs=0.01)
    low, high = evidence.interval
    assert low < 0.2 < high
    assert low > 0.0


def test_two_are_not_enough_and_the_reason_is_said():
    evidence = found(entry(), records(chain(0.1, 0.3, 0.5, repeat=2)))
    assert (evidence.level, evidence.why) == ("tentative", "2 of 3 runs")


def test_nothing_is_established_while_the_noise_is_unknown():
    assert found(entry(), records(chain(0.1, 0.3, 0.5, 0.7))).why == "the noise is unknown, nothing was repeated yet"
    assert found(entry(), records(chain(0.1, 0.3, 0.5, 0.7), noisy=False)).level == "established"


def test_differences_within_the_noise_speak_neither_way():
    evidence = found(entry(), records(chain(0.1, 0.105, 0.11, repeat=2)))
    assert (evidence.support, evidence.against, evidence.unclear) == ((), (), (1, 2))
    assert evidence.level == "tentative"


def test_a_later_trial_that_contradicts_demotes_and_as_many_as_support_falsify():
    one_against = [*STEPS, trial(4, 3, 0.2, depth=6)]
    assert found(entry(), records(one_against)).level == "tentative"
    assert found(entry(), records(one_against)).against == (4,)
    more = [*one_against, trial(5, 3, 0.1, depth=7), trial(6, 3, 0.1, depth=8)]
    assert found(entry(), records(more)).level == "falsified"


def test_replicates_alone_can_take_a_principle_down_when_the_means_move():
    lucky = [*STEPS, trial(7, 3, 0.1, depth=5), trial(8, 3, 0.1, depth=5), trial(9, 3, 0.05, depth=5)]
    evidence = found(entry(), records(lucky))
    assert evidence.level != "established", "trial 3 was luck: the mean of its configuration fell"
    assert 3 in (*evidence.against, *evidence.unclear)


def test_a_failure_speaks_for_worse_and_against_better():
    failed = [*STEPS, ended(trial(4, 3, depth=20), state=TrialState.FAILED)]
    assert found(entry(), records(failed)).against == (4,)
    worse = entry("20 layers break.", Claim("depth", "to", "worse", value=20))
    assert found(worse, records(failed)).support == (4,)


def test_what_fails_in_another_regime_limits_a_principle_and_does_not_refute_it():
    other = chain(0.9, 0.5, 0.2, start=10, repeat=2)
    evidence = found(entry(), records(STEPS, other))
    assert evidence.level == "established"
    assert evidence.elsewhere == ((2, (11, 12)),)


def test_the_same_sign_in_several_blocks_counts_together():
    evidence = found(entry(), records(chain(0.1, 0.3, 0.5, repeat=2), chain(0.2, 0.4, start=10, repeat=2)))
    assert (evidence.level, evidence.blocks) == ("established", (1, 2))


def test_nothing_is_invented_for_an_entry_without_a_claim():
    evidence = found(entry(claim=None, trials=(1, 2, 3)), records(STEPS))
    assert (evidence.claim, evidence.level, evidence.support) == (None, "tentative", ())


def test_prose_that_nothing_tests_stays_tentative_whatever_its_author_asked_for():
    evidence = found(entry("Widths matter.", None), records(STEPS))
    assert evidence.level == "tentative"
    assert "no claim" in evidence.why


@pytest.mark.parametrize(("value", "level"), [(0.95, "tentative"), (0.2, "falsified")])
def test_a_principle_test_speaks_through_the_interval_that_it_predicted(value, level):
    broken = trial(4, 3, value, net="b")
    proposal = replace(broken.proposal, principle='"Widths matter"', prediction=Prediction(0.9, 1.0))
    evidence = found(entry("Widths matter.", None), records([*STEPS, replace(broken, proposal=proposal)]))
    assert evidence.level == level


def test_a_demoted_entry_stays_down_whatever_the_records_say():
    assert found(entry(cap="tentative", reason="I doubt it"), records(STEPS)).level == "tentative"


def test_a_given_principle_stands_until_trials_contradict_it():
    given = entry(given=True)
    assert found(replace(given, claim=None), records(STEPS)).level == "established"
    down = [trial(0, None, 0.9, depth=2), trial(100, 0, 0.89, depth=2), trial(1, 0, 0.2, depth=3)]
    assert found(given, records(down)).level == "falsified"


def test_a_claim_must_be_about_a_declared_parameter_that_can_move_that_way():
    assert claim_problem(DEEPER, SPACE) is None
    assert "no parameter" in claim_problem(Claim("width", "up", "better"), SPACE)
    assert "no order" in claim_problem(Claim("net", "up", "better"), SPACE)
    assert "value" in claim_problem(Claim("net", "to", "better", value="z"), SPACE)


def test_a_claim_is_tested_only_where_its_parameter_moved_alone_and_from_its_bound_or_beyond():
    both = [*STEPS, trial(4, 3, 0.9, depth=9, net="b")]
    known = records(both)
    assert [test.trials for test in probes(replace(DEEPER, low=4.0), known.recordings)] == [(3,)], "3 moved from 4 to 5"
    assert [test.trials for test in probes(DEEPER, known.recordings)] == [(1,), (2,), (3,)]


def test_a_conditional_claim_is_tested_where_both_ends_meet_its_conditions():
    other = [*STEPS, trial(4, 3, 0.9, depth=5, net="b"), trial(5, 4, 0.95, depth=6, net="b")]
    only = replace(DEEPER, when=(("net", "b"),))
    assert [test.trials for test in probes(only, records(other).recordings)] == [(5,)]
    assert "when net=b" in str(only)
    assert "condition on depth" in str(claim_problem(replace(DEEPER, when=(("depth", 3),)), SPACE))
    assert "condition on width" in str(claim_problem(replace(DEEPER, when=(("width", 3),)), SPACE))


@pytest.mark.parametrize(("within", "verdicts"), [(None, [0]), (0.2, [1]), (0.001, [0])])
def test_no_effect_is_supported_only_by_an_interval_inside_the_effect_that_was_stated(within, verdicts):
    flat = chain(0.5, 0.505, repeat=2)
    claim = Claim("depth", "up", "none", within=within)
    assert [test.verdict for test in probes(claim, records(flat).recordings)] == verdicts


def test_near_a_ceiling_no_effect_within_a_size_is_judged_by_the_noise_there():
    bad = [trial(0, None, -1.0, depth=2), trial(1, None, -1.2, depth=2)]
    good = [trial(2, 0, 0.9990, depth=9), trial(3, 2, 0.9990, depth=9), trial(4, 2, 0.9991, depth=10)]
    claim = Claim("depth", "up", "none", low=9.0, within=0.001)
    (raw,) = probes(claim, records([*bad, *good]).recordings)
    (near,) = probes(claim, records([*bad, *good], ceiling=1.0).recordings)
    assert (raw.verdict, near.verdict) == (0, 1), "0.1 between the bad runs says nothing of the good ones"
    assert near.effect == raw.effect == pytest.approx(0.0001)
    assert near.error < 0.0001 < 0.05 < raw.error


def test_a_difference_is_taken_on_shared_recordings_and_not_between_means():
    easy, hard = {}, {"seed": 7}
    runs = [
        trial(0, None, 0.90, depth=2),
        replace(trial(1, None, 0.50, depth=2), seeds=hard),
        trial(2, 0, 0.95, depth=3),
        replace(trial(3, 2, 0.56, depth=3), seeds=hard),
        trial(4, 2, 0.951, depth=4),  # ran on the easy recording only, and did not gain
    ]
    first, second = probes(DEEPER, records([replace(t, seeds=t.seeds or easy) for t in runs]).recordings)
    assert (first.verdict, round(first.effect, 3)) == (1, 0.055)
    assert (second.verdict, round(second.effect, 3)) == (0, 0.001), "against the mean of 0.95 and 0.56 it would be +0.2"


def towards_one(*errors, seeds=({}, {"seed": 7})):
    """A chain of growing depth on two recordings, of which the second leaves nine times the distance to 1."""
    trials = []
    for place, error in enumerate(errors):
        for which, of in enumerate(seeds):
            number, parent = 2 * place + which, 2 * place - 2 if place else None
            trials.append(replace(trial(number, parent, 1 - 9**which * error, depth=2 + place), seeds=of))
    return trials


def test_near_a_ceiling_a_claim_is_established_by_its_effect_on_the_scale():
    trials = towards_one(1.358, 0.273, 0.0068, 0.0006, 0.0002)
    evidence = found(entry(), records(trials, ceiling=1.0))
    assert (evidence.level, evidence.why, evidence.against) == ("established", "", ())
    assert evidence.interval[0] < 0 < evidence.interval[1], "the first step is worth more R2 than all later ones"
    low, high = evidence.on_scale.interval
    assert 0 < low < evidence.on_scale.effect < high
    assert evidence.on_scale.effect == pytest.approx(math.log10(1.358 / 0.0002) / 4)


def test_near_a_ceiling_one_large_step_beside_two_tiny_ones_establishes_nothing():
    trials = towards_one(0.4, 0.004, 0.0039, 0.00385)
    evidence = found(entry(), records(trials, ceiling=1.0))
    assert len(evidence.support) == 6, "every step is beyond the noise of its pairs"
    assert (evidence.level, evidence.why) == ("tentative", "the interval of its effect holds zero")


def test_without_a_shared_recording_chance_is_that_of_single_runs_on_the_scale():
    """Two runs of each: a spread of a factor of two, whatever the distance."""
    values = [(0.4, 0.8), (0.04, 0.08), (0.004, 0.008), (0.0004, 0.0008)]
    trials = [
        replace(
            trial(2 * place + which, 2 * place - 2 if place else None, 1 - error, depth=2 + place),
            seeds={"seed": 2 * place + which},
        )
        for place, errors in enumerate(values)
        for which, error in enumerate(errors)
    ]
    assert found(entry(), records(trials, ceiling=1.0)).level == "established"
    assert found(entry(), records(trials)).unclear == (4, 5, 6, 7), (
        "of the scores only the first step exceeds the noise"
    )


def test_without_a_ceiling_the_scale_is_the_metric():
    evidence = found(entry(), records(STEPS))
    assert evidence.on_scale.effect == pytest.approx(evidence.effect)
    assert evidence.on_scale.interval == pytest.approx(evidence.interval)


def test_a_principle_test_near_a_ceiling_is_missed_by_more_than_the_noise_there():
    missed = replace(trial(20, 0, 0.9, net="b"), seeds={})
    proposal = replace(missed.proposal, principle='"Widths matter"', prediction=Prediction(0.999, 0.9999))
    trials = [*towards_one(1.358, 0.273, 0.0068), replace(missed, proposal=proposal)]
    assert found(entry("Widths matter.", None), records(trials)).level == "tentative"
    assert found(entry("Widths matter.", None), records(trials, ceiling=1.0)).level == "falsified"
