"""What a fit of the fly says of itself."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fit import FlyvisFit, doubted  # noqa: E402
from hydra_llm.families.flyvis.fitting.closed_form import HELD  # noqa: E402


def fitted(held, doubt=""):
    history = {"val_loss": ([0.0, 1.0], [0.5, 0.4])}
    if held is not None:
        history[HELD] = ([0.0, 1.0], held)
    return FlyvisFit(SimpleNamespace(n_neurons=1203), None, history, 1, 0.1, doubt=doubt)


def test_rates_that_disagree_with_those_of_counterparts_make_a_fit_doubtful():
    found = doubted(fitted([0.0, 7.0]))
    assert "7 of 1,203 neurons" in found.doubt
    assert found.losses()["fit_doubtful"] == 1


def test_another_reason_for_doubt_stays_beside_it():
    assert doubted(fitted([0.0, 7.0], doubt="It leaves much.")).doubt.startswith("It leaves much. The fit is doubtful:")


def test_rates_that_agree_in_the_end_or_that_nobody_compared_raise_no_doubt():
    for held in ([3.0, 0.0], None):
        assert doubted(fitted(held)).losses()["fit_doubtful"] == 0
