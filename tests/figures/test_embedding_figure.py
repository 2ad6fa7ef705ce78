import numpy as np
import pytest

from hydra_llm.figures.embedding import embedding

A = np.random.default_rng(0).standard_normal((40, 2))
TYPES = np.arange(40) % 4


def _colours(axes) -> dict[str, int]:
    return {str(np.round(points.get_facecolor()[0], 3)): len(points.get_offsets()) for points in axes.collections}


def test_a_perfect_partition_has_the_colours_of_the_types_however_it_is_numbered():
    left, right = embedding(A, TYPES, (TYPES + 1) % 4, 1.0).axes
    assert len(left.collections) == 4
    for one, other in zip(
        sorted(left.collections, key=lambda c: c.get_offsets()[0][0]),
        sorted(right.collections, key=lambda c: c.get_offsets()[0][0]),
        strict=True,
    ):
        assert np.array_equal(one.get_offsets(), other.get_offsets())
        assert np.array_equal(one.get_facecolor(), other.get_facecolor())


def test_clusters_beyond_the_number_of_types_are_grey_and_explained(render):
    figure = embedding(A, TYPES // 2, TYPES, 0.5)
    left, right = figure.axes
    assert len(set(_colours(right)) - set(_colours(left))) == 1
    assert "cluster without a type" in render(figure)


def test_the_title_says_the_accuracy():
    assert "cluster accuracy 0.875" in embedding(A, TYPES, TYPES, 0.875).get_suptitle()
    assert "accuracy" not in embedding(A, TYPES, TYPES, None).get_suptitle()


def test_types_may_have_names(render):
    picture = render(embedding(A, np.array(["T4a", "Mi1", "L2", "CT1(Lo1)"])[TYPES], TYPES, 1.0))
    assert "CT1(Lo1)" in picture


def test_many_types_are_explained_by_a_colour_bar_instead_of_a_legend():
    figure = embedding(np.repeat(A, 2, axis=0), np.arange(80) % 65, np.arange(80) % 65, 1.0)
    assert not figure.legends
    assert figure.axes[-1].get_ylabel() == "type (of 65)"


def test_every_neuron_is_drawn():
    assert sum(_colours(embedding(A, TYPES, TYPES, 1.0).axes[0]).values()) == 40


@pytest.mark.parametrize("a", [np.zeros((40, 1)), np.zeros((39, 2)), np.zeros(40)])
def test_an_embedding_of_wrong_shape_is_refused(a):
    with pytest.raises(ValueError, match=r"An embedding must be \[neuron, 2\].*got shape"):
        embedding(a, TYPES, TYPES, 1.0)
