from itertools import pairwise
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.callbacks.interval_snapshots import IntervalSnapshots  # noqa: E402


def follow(n_intervals, **keys):
    net = torch.nn.Linear(1, 1, bias=False)
    snapshots = IntervalSnapshots(net, **keys)
    for interval in range(n_intervals):
        net.weight.data.fill_(float(interval))
        trainer = SimpleNamespace(current_epoch=interval, global_step=interval + 1, max_epochs=n_intervals)
        snapshots.on_train_epoch_end(trainer, None)  # type: ignore[arg-type]
    return snapshots


def test_every_interval_of_a_short_fit_is_kept_as_it_was():
    taken = follow(5).taken
    assert [(s.interval, s.step, float(s.state["weight"])) for s in taken] == [(k, k, float(k)) for k in range(5)]


def test_a_long_fit_keeps_few_copies_evenly_spread_with_the_first_and_the_last():
    intervals = [snapshot.interval for snapshot in follow(100, most=10).taken]
    assert len(intervals) <= 10
    assert (intervals[0], intervals[-1]) == (0, 99)
    gaps = {later - earlier for earlier, later in pairwise(intervals[:-1])}
    assert len(gaps) == 1


def test_copies_go_into_the_state_that_a_fit_goes_on_from_and_into_no_other_checkpoint():
    snapshots = follow(3)
    assert snapshots.state_dict() == {}
    with snapshots.in_checkpoints():
        state = snapshots.state_dict()
    assert snapshots.state_dict() == {}
    later = follow(0)
    later.load_state_dict(state)
    assert [snapshot.interval for snapshot in later.taken] == [0, 1, 2]
