"""Every axis of a fit is named, and starts are counted in whole numbers."""

from pathlib import Path

import numpy as np
import pytest

CASCADE = Path(__file__).parents[4] / "examples" / "petab" / "cascade.yaml"


def test_the_measurements_of_every_row_have_an_axis_that_says_what_it_shows(needs_libsbml):
    from hydra_llm.families.reactions.figures.fits import fits
    from hydra_llm.families.reactions.likelihood.likelihood import Likelihood
    from hydra_llm.families.reactions.petab.problem import ProblemFiles

    likelihood = Likelihood(ProblemFiles.read(CASCADE).problem())
    point = likelihood.nominal()
    figure = fits(likelihood, point, likelihood(point, gradient=False))["fit"]
    assert figure.axes[0].get_ylabel() == "value (as in the file)"
    assert {axes.get_xlabel() for axes in figure.axes} == {"time"}


@pytest.mark.parametrize("n", [1, 2, 3, 20])
def test_starts_are_counted_in_whole_numbers(needs_libsbml, n):
    pytest.importorskip("fides", reason="fides is not installed: pip install 'hydra-llm[sbml]'")
    from hydra_llm.families.reactions.figures.waterfall import waterfall
    from hydra_llm.families.reactions.fitting.optimum import Optimum
    from hydra_llm.families.reactions.fitting.starts import MultiStart

    optima = tuple(Optimum(np.zeros(1), float(k), float(k), 1, "") for k in range(n))
    axes = waterfall(MultiStart(optima)).axes[0]
    axes.figure.canvas.draw()
    ticks = axes.get_xticks()
    assert len(ticks)
    assert all(tick == round(tick) for tick in ticks)
