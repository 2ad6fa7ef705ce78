import numpy as np
import pytest
from search_worlds import OBJECTIVE, SPACE

from hydra_llm.search.space.space import Categorical, Float, Space
from hydra_llm.search.surrogate.belief import believe
from hydra_llm.search.surrogate.warp import Decades, DrawnIn
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialState
from hydra_llm.search.trial.trial import Proposal, Trial


def ran(number, values, value=None, state=TrialState.COMPLETED, seeds=None):
    outcome = None if state is TrialState.RUNNING else Outcome(state, value)
    proposal = Proposal(0, "free", "design", None, SPACE.canonical(values))
    return Trial(number, 1, proposal, outcome, seeds=seeds or {})


def world(count=20, noise=0.0):
    rng = np.random.default_rng(5)
    trials = []
    for number in range(count):
        values = SPACE.sample(rng)
        trials.append(ran(number, values, score(values) + noise * rng.standard_normal()))
    return trials


def score(values):
    return 1.0 - 0.1 * (np.log10(values["lr"]) + 2.2) ** 2 - 0.02 * abs(values["depth"] - 7)


def test_nothing_is_believed_of_two_scores():
    assert believe(SPACE, OBJECTIVE, world(2)) is None
    assert believe(SPACE, OBJECTIVE, world(3)) is not None


def test_new_configurations_are_ranked_about_as_they_are_in_truth():
    belief = believe(SPACE, OBJECTIVE, world(30))
    rng = np.random.default_rng(6)
    new = [SPACE.sample(rng) for _ in range(200)]
    mean, _ = belief.of(belief.encoding.rows(new))
    assert np.corrcoef(mean, [score(values) for values in new])[0, 1] > 0.8


def test_a_failure_makes_its_neighbourhood_less_attractive():
    where = {"lr": 0.006, "depth": 7, "net": "b"}
    near = {"lr": 0.007, "depth": 7, "net": "b"}
    before = believe(SPACE, OBJECTIVE, world())
    after = believe(SPACE, OBJECTIVE, [*world(), ran(20, where, state=TrialState.FAILED)])
    assert after.of(after.encoding.rows([near]))[0] < before.of(before.encoding.rows([near]))[0]


def test_a_cancelled_trial_says_nothing():
    there = [*world(), ran(20, {"lr": 0.006, "depth": 7, "net": "b"}, state=TrialState.CANCELLED)]
    before, after = believe(SPACE, OBJECTIVE, world()), believe(SPACE, OBJECTIVE, there)
    np.testing.assert_array_equal(before.process.data.targets, after.process.data.targets)


def test_the_interval_is_in_the_unit_of_the_metric_whatever_the_direction():
    trials = world(25, noise=0.02)
    up = believe(SPACE, OBJECTIVE, trials)
    turned = [ran(t.number, t.values, -t.value) for t in trials]
    down = believe(SPACE, Objective("loss", "minimize"), turned)
    values = SPACE.baseline()
    median, low, high = up.interval(values, OBJECTIVE)
    assert low < median < high
    assert down.interval(values, Objective("loss", "minimize")) == pytest.approx((-median, -high, -low))


def test_about_four_of_five_new_runs_lie_in_their_interval():
    belief = believe(SPACE, OBJECTIVE, world(40, noise=0.05))
    rng = np.random.default_rng(8)
    inside = 0
    for _ in range(200):
        values = SPACE.sample(rng)
        _, low, high = belief.interval(values, OBJECTIVE)
        inside += low <= score(values) + 0.05 * rng.standard_normal() <= high
    assert 0.6 < inside / 200 < 0.97


def test_hundreds_of_runs_are_thinned_to_the_best_and_the_latest():
    trials = world(700)
    belief = believe(SPACE, OBJECTIVE, trials)
    assert len(belief.process.data.targets) == 300
    best = max(trials, key=lambda t: t.value)
    assert belief.warp(np.array([best.value]))[0] in belief.process.data.targets


def slope(noise, dimensions):
    """Forty runs of a score that falls from 0 along each of three parameters, multiplied or shifted by noise."""
    space, rng = Space(dimensions), np.random.default_rng(9)
    trials = []
    for number in range(40):
        values = space.sample(rng)
        proposal = Proposal(0, "free", "design", None, space.canonical(values))
        value = noise(-sum(values.values()), rng)
        trials.append(Trial(number, 1, proposal, Outcome(TrialState.COMPLETED, value)))
    return believe(space, OBJECTIVE, trials)


INTERVALS = tuple(Float(name=name, low=0.0, high=1.0, default=0.5) for name in "abc")
CHOICES = tuple(
    Categorical(name=name, choices=tuple(np.linspace(0, 1, 9).tolist()), default=0.0, ordered=True) for name in "abc"
)


def test_scores_are_believed_in_decades_where_noise_multiplies_them_and_intervals_are_searched():
    def multiplied(value, rng):
        return (value - 0.01) * rng.lognormal(sigma=1.5)

    def shifted(value, rng):
        return value + 0.1 * rng.standard_normal()

    assert isinstance(slope(multiplied, INTERVALS).warp, Decades)
    assert isinstance(slope(shifted, INTERVALS).warp, DrawnIn)
    assert isinstance(slope(multiplied, CHOICES).warp, DrawnIn), "tables of choices keep one scale"


def test_how_likely_one_configuration_beats_another_follows_the_runs_and_adds_up():
    trials = world(20, noise=0.05)
    good, bad = {"lr": 10**-2.2, "depth": 7, "net": "b"}, {"lr": 0.3, "depth": 2, "net": "a"}
    more = [ran(20 + k, values, score(values)) for k, values in enumerate((good, bad, good, bad))]
    belief = believe(SPACE, OBJECTIVE, [*trials, *more])
    assert belief.ahead(good, bad) > 0.99
    assert belief.ahead(good, bad) + belief.ahead(bad, good) == pytest.approx(1.0)
    assert belief.ahead(good, good) == 0.5
