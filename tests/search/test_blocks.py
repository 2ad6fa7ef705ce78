from dataclasses import replace

from search_worlds import bowl, comparable, open_study, run_study, settings

from hydra_llm.search.blocks import block_of, collapsed
from hydra_llm.search.outcome import Outcome
from hydra_llm.search.space import Categorical, Space
from hydra_llm.search.trial import TrialState

REGIMES = Space(
    (
        Categorical(name="simulation", choices=("chaotic", "low_rank", "dale"), default="chaotic"),
        Categorical(name="n_types", choices=(1, 4), default=1),
    )
)
BLOCKED = settings(n_trials=20, n_iter_block=5, block_space=REGIMES)


def test_iterations_map_to_blocks_and_places_counted_from_one():
    assert [block_of(i, 4) for i in (1, 4, 5, 8, 9)] == [(1, 1), (1, 4), (2, 1), (2, 4), (3, 1)]


def test_block_parameters_change_at_boundaries_only_and_untested_regimes_come_first(tmp_path):
    study = open_study(tmp_path, BLOCKED)
    trials = run_study(study)
    assert [t.block for t in trials] == [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5
    regimes = [tuple(b.values.values()) for b in study.state.blocks]
    assert regimes[0] == ("chaotic", 1)
    assert len(set(regimes)) == 4


def test_each_block_starts_a_tree_of_its_own_at_the_baseline(tmp_path):
    study = open_study(tmp_path, BLOCKED)
    trials = run_study(study)
    for number in (0, 5, 10, 15):
        assert trials[number].proposal.strategy == "baseline"
        assert trials[number].proposal.parent is None
    assert [sum(node.runs for node in tree) for tree in study.state.trees.values()] == [5, 5, 5, 5]


def test_a_batch_never_crosses_a_block_border(tmp_path):
    trials = run_study(open_study(tmp_path, replace(BLOCKED, n_parallel=4)))
    assert [t.block for t in trials] == [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5


def test_a_sweep_with_blocks_resumes_exactly(tmp_path):
    whole = run_study(open_study(tmp_path / "a", BLOCKED))
    run_study(open_study(tmp_path / "b", BLOCKED), stop_after=7)
    assert comparable(run_study(open_study(tmp_path / "b", BLOCKED))) == comparable(whole)


def test_without_n_iter_block_the_sweep_is_one_block(tmp_path):
    study = open_study(tmp_path, settings(n_trials=6, block_space=REGIMES))
    run_study(study)
    assert len(study.state.blocks) == 1


def test_dynamics_that_fell_into_a_fixed_point_end_the_block_early(tmp_path):
    def dead(trial):
        metrics = {"R2": 0.01, "effective_rank": 2.0, "spectral_radius": 0.5}
        return Outcome(TrialState.COMPLETED, value=0.01, metrics=metrics) if trial.block == 1 else bowl(trial)

    study = open_study(tmp_path, BLOCKED)
    trials = run_study(study, dead)
    assert collapsed([t for t in trials if t.block == 1])
    assert [t.block for t in trials][:5] == [1, 1, 1, 2, 2]
