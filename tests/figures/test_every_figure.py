"""Claims that hold for every figure, on inputs from tiny to huge."""

import itertools
import re
import threading
import warnings
from functools import cache

import matplotlib
import numpy as np
import pytest
from figure_cases import CASES

from programs import imported


@pytest.fixture(scope="module")
def drawn(render):
    """Each case drawn and rendered once: figure, what is visible, warnings, and whether a setting changed."""

    @cache
    def case(name):
        before = dict(matplotlib.rcParams)
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            figure = CASES[name]()
            picture = render(figure)
        return figure, picture, [str(warning.message) for warning in raised], before == dict(matplotlib.rcParams)

    return case


@pytest.mark.parametrize("name", CASES)
def test_a_figure_is_titled_labelled_with_units_and_not_blank(name, drawn):
    figure, picture, _, _ = drawn(name)
    assert figure.get_suptitle()
    for axes in figure.axes:
        if not axes.axison:  # a map of the eye: columns have no coordinates to be read off
            continue
        labels = [label for label in (axes.get_xlabel(), axes.get_ylabel()) if label]
        assert hasattr(axes, "_colorbar") or axes.get_title(loc="left")
        # a panel that shares an axis may leave that label to its neighbour, never both
        assert labels
        for label in labels:
            assert label == "points per cell" or re.search(r"\(.+\)$", label), f"{label} names no unit"
    assert (picture.pixels < 250).any(axis=-1).mean() > 0.005


@pytest.mark.parametrize("name", CASES)
def test_no_label_leaves_the_picture_or_covers_another(name, drawn):
    _, picture, _, _ = drawn(name)
    height, width = picture.pixels.shape[:2]
    assert len(picture.words) > 4
    for word, box in picture.words:
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= -1, f"{word} is cut off"
    for (one, a), (other, b) in itertools.combinations(picture.words, 2):
        overlap = (min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0))
        assert min(overlap) <= 1, f"{one!r} and {other!r} overlap by {overlap} pixels"


@pytest.mark.parametrize("name", CASES)
def test_drawing_warns_of_nothing_and_changes_no_setting(name, drawn):
    _, _, raised, settings_are_as_before = drawn(name)
    assert raised == []
    assert settings_are_as_before


def test_equal_arrays_give_equal_pictures(render):
    for name in ("activity of 2 neurons", "embedding of 4 types", "weights of 100 neurons"):
        assert np.array_equal(render(CASES[name]()).pixels, render(CASES[name]()).pixels)


def test_figures_drawn_in_threads_equal_those_drawn_alone(render):
    names = ["activity of 2 neurons", "embedding of 4 types", "functions of 4 types", "loss"]
    alone = {name: render(CASES[name]()).pixels for name in names}
    together = {}

    def work(name):
        together[name] = render(CASES[name]()).pixels

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(alone[name], together[name]) for name in names)


def test_drawing_needs_neither_pyplot_nor_torch():
    shared = ("activity", "embedding", "loss", "rollout", "spectrum", "scatter", "save")
    modules = [f"figures.{name}" for name in shared]
    modules += [f"families.signal.figures.{name}" for name in ("weights", "functions", "eigenvalues")]
    code = "import " + ", ".join(f"hydra_llm.{module}" for module in modules)
    assert imported(code, "matplotlib.pyplot", "torch", "scipy") == []
