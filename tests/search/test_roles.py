import pytest
from search_worlds import tree_of, trial

from hydra_llm.search.roles import assign


def roles(tree, count=4, batch=1, replicating=True, start="diverse"):
    return [slot.role for slot in assign(tree, count, batch, replicating=replicating, start=start)]


FEW_RUNS = tree_of(trial(0, None, 0.5), trial(1, 0, 0.6, lr=0.1), trial(2, 0, 0.7, lr=0.01))
SETTLED = tree_of(*(trial(3 * i + j, None, 0.5 + i / 10, lr=0.3 / 2**i) for i in range(3) for j in range(3)))


def test_two_of_four_slots_replicate_until_the_top_three_have_three_runs():
    assert roles(FEW_RUNS) == ["exploit", "exploit", "replicate", "replicate"]
    assert roles(SETTLED, batch=2) == ["exploit", "exploit", "explore", "replicate"]
    assert roles(SETTLED, batch=3) == ["exploit", "exploit", "explore", "principle-test"]


def test_without_seed_keys_no_slot_replicates():
    assert "replicate" not in roles(FEW_RUNS, replicating=False) + roles(SETTLED, replicating=False)


def test_the_first_batch_holds_the_baseline_and_diverse_or_equal_starts():
    empty = tree_of()
    assert roles(empty, batch=0) == ["baseline", "diverse", "diverse", "diverse"]
    assert roles(empty, batch=0, start="baselines") == ["baseline"] * 4


def test_a_start_from_baselines_lasts_three_batches():
    tree = tree_of(trial(0, None, 0.5))
    assert [roles(tree, batch=b, start="baselines")[0] for b in (1, 2, 3)] == ["baseline", "baseline", "exploit"]


def test_a_single_slot_decides_freely():
    assert roles(SETTLED, count=1) == ["free"]


def test_an_unknown_start_lists_the_known_ones():
    with pytest.raises(ValueError, match="diverse, baselines"):
        roles(tree_of(), start="warm")
