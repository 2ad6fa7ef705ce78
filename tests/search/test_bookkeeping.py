"""What is kept between decisions to make them cheap changes none of them."""

import pytest
from search_worlds import bowl, comparable, open_study, outcome_of, run_study, settings

from hydra_llm.search.context import Thresholds
from hydra_llm.search.log import event_log
from hydra_llm.search.space.space import Categorical, Integer, Space

SMALL = Space(
    (
        Integer(name="depth", low=1, high=9, default=2),
        Categorical(name="net", choices=("a", "b", "c"), default="a"),
        Categorical(name="lr", choices=(0.001, 0.01, 0.1, 1.0), default=1.0, ordered=True),
    )
)


@pytest.mark.parametrize("proposer", ["rules", "bayes"])
def test_a_sweep_that_is_opened_anew_before_every_trial_equals_one_that_kept_its_caches(tmp_path, proposer):
    """The space is small, so that nodes run out of moves and pairs out of parameters to cross."""
    wanted = settings(space=SMALL, n_trials=45, seed_keys=("seed",), thresholds=Thresholds(converged=0.8))
    kept = run_study(open_study(tmp_path / "kept", wanted, proposer))
    for _ in range(45):
        run_study(open_study(tmp_path / "anew", wanted, proposer), stop_after=1)
    anew = open_study(tmp_path / "anew", wanted, proposer)
    assert comparable(list(anew.state.trials.values())) == comparable(kept)
    assert len(kept) == 45


def test_nodes_without_an_untried_move_are_not_searched_again(tmp_path):
    study = open_study(tmp_path, settings(space=SMALL, n_trials=60))
    run_study(study)
    tree = study.state.tree
    assert tree.exhausted
    for number in tree.exhausted:
        node = tree.node(number)
        moved = [{**node.values, "net": net} for net in "abc"]
        assert all(tree.find(values) is not None for values in moved)


def test_a_trial_waits_for_the_disk_twice_once_before_its_launch_and_once_after_its_end(tmp_path, monkeypatch):
    study = open_study(tmp_path, settings(n_trials=9))
    waits = []
    monkeypatch.setattr(event_log.os, "fsync", lambda descriptor: waits.append(study.log.path.stat().st_size))
    asked = study.ask(1)
    assert waits == []
    launched = study.launched(asked)
    assert len(waits) == 1
    written = study.log.path.read_bytes()[: waits[0]].decode()
    assert '"type": "asked"' in written
    assert '"type": "launched"' in written
    study.tell(launched[0].number, outcome_of(bowl, launched[0], study))
    assert len(waits) == 2


def test_the_latest_trials_of_a_block_are_those_of_the_state(tmp_path):
    study = open_study(tmp_path, settings(n_trials=12, n_iter_block=5))
    run_study(study)
    assert len(study.state.blocks) == 3
    for block in study.state.blocks:
        own = study.state.block_trials(block.index)
        assert own == [t for t in study.state.trials.values() if t.block == block.index and t.purpose == "search"]
        assert len(own) == study.state.block_count(block.index)
