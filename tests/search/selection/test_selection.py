"""The parent-rule toy: an unbounded noisy walk on which a rule has to show that it listens to the metric."""

import numpy as np
import pytest

from hydra_llm.search.selection.base import SelectionPolicy, plain_rewards, rank
from hydra_llm.search.selection.registry import POLICIES, make_policy
from hydra_llm.search.testing.policies import PolicyConformance, arms

SEEDS = 40  # 400 only where two good rules are compared
N = 48


def walk(policy, seed, noise, n=N):
    """(true quality of the node with the best observed value, share of picks above the 75th percentile)."""
    rng = np.random.default_rng(seed)
    quality, parents, visits = [0.3], [-1], [1]
    observed = [0.3 + rng.normal(0, noise)]
    picks = 0
    while len(quality) < n:
        order = policy.scores(arms(observed, visits), rng)
        parent = int(np.argmax(order))
        picks += observed[parent] > np.percentile(observed, 75)
        quality.append(quality[parent] + rng.normal(-0.01, 0.06))
        observed.append(quality[-1] + rng.normal(0, noise))
        visits.append(1)
        parents.append(parent)
        while parent >= 0:
            visits[parent] += 1
            parent = parents[parent]
    return quality[int(np.argmax(observed))], picks / (n - 1)


def mean_quality(name, noise, seeds=SEEDS):
    return np.mean([walk(make_policy(name, None), seed, noise)[0] for seed in range(seeds)])


@pytest.mark.parametrize("noise", [0.01, 0.05])
def test_the_metric_must_matter_the_default_rule_beats_a_random_parent(noise):
    assert mean_quality("puct_rank", noise) - mean_quality("random", noise) > 0.2


def test_with_noise_as_large_as_the_step_the_default_rule_beats_greedy():
    assert mean_quality("puct_rank", 0.05, seeds=100) > mean_quality("greedy", 0.05, seeds=100)


@pytest.mark.parametrize("noise", [0.01, 0.05])
def test_the_reference_rule_shows_its_flaw_it_does_no_better_than_a_random_parent(noise):
    assert mean_quality("puct_reference", noise) < mean_quality("random", noise) + 0.02


def test_the_default_rule_picks_from_the_top_quarter_and_the_reference_rule_does_not():
    share = {name: np.mean([walk(make_policy(name, None), s, 0.01)[1] for s in range(20)]) for name in POLICIES}
    assert share["puct_rank"] > 0.9
    assert share["puct_reference"] < 0.3


def test_under_the_reference_rule_a_leaf_wins_over_any_inner_node_from_nineteen_nodes_on():
    """The gap between a leaf and a node with one child is c * sqrt(N) / 6: above 18 it exceeds the range of an R2."""
    for n, leaf_wins in ((18, False), (19, True)):
        rewards = [1.0] + [0.0] * (n - 1)
        visits = [2] + [1] * (n - 1)  # the best node has one child
        scores = make_policy("puct_reference", None).scores(arms(rewards, visits), np.random.default_rng(0))
        assert bool(scores[1:].max() > scores[0]) is leaf_wins


@pytest.mark.parametrize("name", ["puct_rank", "greedy"])
def test_shifting_and_scaling_the_metric_changes_no_pick(name):
    rng = np.random.default_rng(3)
    for _ in range(50):
        rewards, visits = rng.normal(size=30), rng.integers(1, 9, size=30).tolist()
        orders = [
            [i for i, _ in rank(make_policy(name, None), arms(list(r), visits), np.random.default_rng(0))]
            for r in (rewards, rewards + 1e3, 250.0 * rewards)
        ]
        assert orders[0] == orders[1] == orders[2]


def test_ucb1_is_the_documented_formula():
    scores = make_policy("ucb1", 1.414).scores(arms([0.9, 0.2], [3, 1]), np.random.default_rng(0))
    assert scores[0] == pytest.approx(0.9 + 1.414 * np.sqrt(np.log(2) / 3))
    assert scores[1] == pytest.approx(0.2 + 1.414 * np.sqrt(np.log(2) / 1))


def test_the_other_published_form_divides_by_one_more_visit():
    scores = make_policy("ucb1_shifted", 1.414).scores(arms([0.9, 0.2], [3, 1]), np.random.default_rng(0))
    assert scores[0] == pytest.approx(0.9 + 1.414 * np.sqrt(np.log(2) / 4))


def test_the_reference_formula_by_hand():
    """N = 4, one visit, c = 1.414: the bonus is 1.414 * 2 / 2 = 1.414."""
    scores = make_policy("puct_reference", 1.414).scores(arms([0.692, 0.1, 0.1, 0.1]), np.random.default_rng(0))
    assert scores[0] == pytest.approx(2.106)


def test_the_prior_of_the_default_rule_sums_to_one():
    n = 16
    bonus = make_policy("puct_rank", 1.0).scores(arms([0.5] * n), np.random.default_rng(0)) - 0.5
    assert bonus * (1 + 1) / np.sqrt(n) == pytest.approx(np.full(n, 1 / n))


def test_ties_go_to_the_oldest_node():
    assert rank(make_policy("puct_rank", None), arms([0.5, 0.5, 0.5]), np.random.default_rng(0))[0][0] == 0


def test_an_unknown_rule_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"selection must be one of puct_rank, ucb, ucb1, .*, got 'uct'"):
        make_policy("uct", None)


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="ucb_c must be at least 0, got -1"):
        make_policy("ucb1", -1.0)


class Oldest(SelectionPolicy):
    """Branches from the baseline for ever."""

    def scores(self, arms, rng):
        return np.where(arms.ids == arms.ids.min(), 1.0, 0.0)


class Weighted(SelectionPolicy):
    def __init__(self, c=0.25):
        self.c = c

    def scores(self, arms, rng):
        return plain_rewards(arms) + self.c / arms.visits


def test_a_policy_of_ones_own_is_chosen_by_its_dotted_path_and_shown_by_it():
    policy = make_policy(f"{__name__}.Oldest", None)
    assert policy.name == f"{__name__}.Oldest"
    assert rank(policy, arms([0.1, 0.9]), np.random.default_rng(0))[0][0] == 0
    assert make_policy(f"{__name__}.Weighted", None).c == 0.25
    assert make_policy(f"{__name__}.Weighted", 2.0).c == 2.0


def test_a_policy_that_takes_no_weight_refuses_one():
    with pytest.raises(ValueError, match=r"selection: Oldest must be constructible with c=2\.0"):
        make_policy(f"{__name__}.Oldest", 2.0)


def test_a_policy_that_is_an_object_already_is_used_as_it_is():
    policy = Weighted(0.5)
    assert make_policy(policy, None) is policy
    with pytest.raises(ValueError, match=r"selection must be a name, a dotted path or a hydra_llm\.SelectionPolicy"):
        make_policy(3, None)


class TestWeighted(PolicyConformance):
    def make(self):
        return Weighted()


class TestOfTheRegistry(PolicyConformance):
    @pytest.fixture(autouse=True, params=POLICIES)
    def choose(self, request):
        self.name = request.param

    def make(self):
        return make_policy(self.name, None)
