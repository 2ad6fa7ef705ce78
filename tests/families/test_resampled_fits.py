"""Fits to resampled recordings, as far as they can be told without a fit."""

import logging
from dataclasses import dataclass, field

import numpy as np
import pytest
from omegaconf import OmegaConf

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families import bootstrap
from hydra_llm.families.bootstrap import with_replicates
from hydra_llm.families.errors import FitFailed
from hydra_llm.families.fitting import Fit, FitContext


@dataclass
class Fits:
    """A fit that counts, and fails where it is told to."""

    failing: tuple[int, ...] = ()
    seen: list = field(default_factory=list)

    def __call__(self, dataset, model, training, context):
        self.seen.append((dataset, int(training.seed), int(training.bootstrap), context))
        number = len(self.seen) - 2
        if number in self.failing:
            raise FitFailed("It did not beat a constant.")
        return Fit(f"net {number}", None, {"val_loss": ([0.0], [0.5])}, 0, 0.1)


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "resampled", lambda dataset, folder, draws: folder)

    def run(fits, n, **keys):
        training = OmegaConf.create({"seed": 3, "bootstrap": n, "target": "auto", **keys})
        return with_replicates(fits, tmp_path / "data", OmegaConf.create({}), training, FitContext(tmp_path, {}))

    return run


def test_every_further_fit_sees_a_recording_and_a_seed_of_its_own(fitted):
    fits = Fits()
    found = fitted(fits, 6)
    assert found.net == "net -1"
    assert list(found.replicates) == [f"net {number}" for number in range(6)]
    assert len({seed for _, seed, *_ in fits.seen}) == 7
    assert [n for *_, n, _ in fits.seen] == [6, *[0] * 6]
    assert all(not context.reports and not context.loggers for *_, context in fits.seen[1:])


def test_without_the_key_there_is_one_fit(fitted):
    fits = Fits()
    assert not fitted(fits, 0).replicates
    assert len(fits.seen) == 1


def test_fits_that_fail_are_left_out_and_too_few_give_no_intervals(fitted, caplog):
    assert len(fitted(Fits(failing=(1, 4)), 8).replicates) == 6
    with caplog.at_level(logging.WARNING):
        assert not fitted(Fits(failing=(1, 2)), 6).replicates
    assert "No intervals by resampling: 2 of 6 fits failed." in caplog.text


@pytest.mark.parametrize(
    ("n", "keys", "sentence"),
    [
        (3, {}, r"training\.bootstrap must be 0 or at least 5, got 3"),
        (20, {"target": "drift"}, r"training\.bootstrap=20 resamples a recording, and training\.target=drift"),
    ],
)
def test_what_cannot_be_resampled_is_a_sentence_before_the_first_fit(fitted, n, keys, sentence):
    fits = Fits()
    with pytest.raises(ValueError, match=sentence):
        fitted(fits, n, **keys)
    assert not fits.seen


def test_the_error_of_a_parameter_is_the_scatter_of_the_fits():
    draws = np.random.default_rng(0).normal(2.0, 0.3, size=(400, 3))
    np.testing.assert_allclose(bootstrap.error_of(list(draws)), 0.3, rtol=0.1)
