import logging
from types import SimpleNamespace

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.callbacks import progress_lines
from hydra_llm.callbacks.progress_lines import ProgressLines


def lines(module, n_epochs, caplog):
    callback = ProgressLines()
    callback.on_fit_start(None, None)  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO, logger=progress_lines.__name__):
        for epoch in range(n_epochs):
            trainer = SimpleNamespace(current_epoch=epoch, callback_metrics={"val_loss": 0.5}, is_global_zero=True)
            callback.on_train_epoch_end(trainer, module)  # type: ignore[arg-type]
    return [record.message for record in caplog.records]


def test_a_line_names_what_is_fitted_the_validation_loss_and_the_minutes(caplog):
    module = SimpleNamespace(told_after=lambda epoch: f"Fitting (flow), round {epoch + 1} of 2")
    assert lines(module, 2, caplog) == [
        "Fitting (flow), round 1 of 2: validation loss 0.5, 0.0 min so far.",
        "Fitting (flow), round 2 of 2: validation loss 0.5, 0.0 min so far.",
    ]


def test_an_epoch_that_is_worth_no_line_has_none_nor_has_a_module_that_tells_nothing(caplog):
    assert lines(SimpleNamespace(told_after=lambda epoch: ""), 3, caplog) == []
    assert lines(SimpleNamespace(), 3, caplog) == []
