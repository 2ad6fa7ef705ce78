from types import SimpleNamespace

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.callbacks.history import History


def told(*rows):
    history = History()
    for epoch, row in enumerate(rows):
        history.on_train_epoch_end(SimpleNamespace(current_epoch=epoch, callback_metrics=row), None)  # type: ignore[arg-type]
    return history.series()


def test_a_curve_per_name_in_the_order_of_intervals():
    series = told({"val_loss": 3.0, "train_loss": 9.0}, {"val_loss": 2.0, "train_loss": 4.0})
    assert series == {"val_loss": ([0.0, 1.0], [3.0, 2.0]), "train_loss": ([0.0, 1.0], [9.0, 4.0])}


def test_a_number_that_an_earlier_phase_left_behind_does_not_go_on_as_a_flat_line():
    series = told({"val_loss": 3.0, "train_loss": 9.0}, {"val_loss": 3.0, "train_loss": 9.0, "reduced_loss": 1.0})
    assert series["train_loss"] == ([0.0], [9.0])
    assert series["val_loss"] == ([0.0, 1.0], [3.0, 3.0])


def test_what_is_no_number_leaves_a_gap():
    assert told({"val_loss": float("nan")}, {"val_loss": 1.0})["val_loss"] == ([1.0], [1.0])
