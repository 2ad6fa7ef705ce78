"""Figures of reaction networks: what they show, and what they refuse."""

import numpy as np
import pytest

from hydra_llm.families.metabolism.figures.identifiability import identifiability
from hydra_llm.families.metabolism.figures.rate_constants import rate_constants
from hydra_llm.families.metabolism.figures.substrate import substrate

LOG_K = np.linspace(-2, -1, 30)
KNOWN = np.arange(30) >= 4


def legend(figure):
    return [text.get_text() for part in figure.legends for text in part.get_texts()]


def test_constants_that_data_leave_open_have_a_mark_and_a_count_of_their_own():
    figure = rate_constants(LOG_K, LOG_K, KNOWN, {})
    (marked,) = [part for part in figure.axes[0].collections if len(part.get_offsets()) == 4]
    np.testing.assert_allclose(marked.get_offsets(), np.stack([LOG_K[:4]] * 2, axis=1))
    assert {"identifiable (26)", "left open by the data (4)"} <= set(legend(figure))


def test_where_data_determine_all_constants_nothing_is_marked():
    assert not any("left open" in text for text in legend(rate_constants(LOG_K, LOG_K, KNOWN | True, {})))


def test_undetermined_directions_lie_below_the_limit_and_are_counted():
    figure = identifiability(np.r_[np.ones(5), 1e-16, 0.0], 5, "rate constants")
    assert "undetermined (2)" in legend(figure)
    assert figure.axes[0].get_title(loc="left") == "5 of 7 combinations of rate constants"
    low, high = figure.axes[0].get_ylim()
    assert low < 1e-16 < 1e-8 < 1 < high


def test_every_order_is_drawn_beside_its_law():
    c = np.geomspace(0.01, 10, 50)
    law = c[:, None] ** np.array([1, 2])
    figure = substrate(c, law, 1.1 * law, [1, 2], c)
    curves = [line.get_ydata() for line in figure.axes[0].get_lines()]
    for curve, expected in zip(curves, [law[:, 0], 1.1 * law[:, 0], law[:, 1], 1.1 * law[:, 1]], strict=True):
        np.testing.assert_allclose(curve, expected)
    assert {text.get_text() for text in figure.axes[0].texts} == {"s = 1", "s = 2"}


@pytest.mark.parametrize(
    "draw",
    [
        lambda: rate_constants(LOG_K, LOG_K[:3], KNOWN, {}),
        lambda: identifiability([], 0, "rate constants"),
        lambda: substrate(LOG_K, LOG_K, LOG_K, [1.0], LOG_K),
    ],
)
def test_shapes_that_do_not_fit_are_refused(draw):
    with pytest.raises(
        ValueError, match=r"must be a learned constant|at least one singular value|must be \[order, point\]"
    ):
        draw()
