import numpy as np
import pytest
from figure_cases import waves

from hydra_llm.figures.activity import activity
from hydra_llm.figures.labels import Labels, of_recording


def test_the_time_axis_ends_at_frames_times_delta_t():
    raster, traces, *_ = activity(waves(300, 20), 0.5).axes
    assert raster.get_xlim() == (0, 150)
    assert traces.get_xlim() == (0, 150)
    assert traces.get_xlabel() == "time (τ)"


def test_zero_activity_is_white_and_opposite_values_have_opposite_hues():
    image = activity(np.array([[-1.0, 0.0, 1.0]]), 0.01).axes[0].images[0]
    low, zero, high = (image.cmap(image.norm(value)) for value in (-1, 0, 1))
    assert zero[:3] == (1, 1, 1)
    assert low[2] > low[0]
    assert high[0] > high[2]


def test_the_raster_keeps_the_index_of_a_neuron_when_rows_are_left_out():
    u = np.zeros((10, 2000))
    u[:, 1200] = 1.0
    raster = activity(u, 0.01).axes[0]
    row = int(np.argmax(raster.images[0].get_array()[:, 0]))
    _, _, bottom, top = raster.images[0].get_extent()
    n_rows = raster.images[0].get_array().shape[0]
    assert n_rows == 500
    assert top + (row + 0.5) * (bottom - top) / n_rows == pytest.approx(1200, abs=4)
    assert "500 of 2,000 neurons" in raster.get_title(loc="left")


def test_peaks_of_a_long_recording_survive_in_its_trace():
    u = np.zeros((100_000, 1))
    u[54_321] = 5.0
    line = activity(u, 0.01).axes[1].lines[0]
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert len(x) < 5000
    assert x[np.argmax(y)] == pytest.approx(543.21)
    assert np.ptp(y) == pytest.approx(5.0)


def test_words_and_units_come_from_the_labels():
    labels = Labels("metabolite", "concentration c", "mM", "s")
    figure = activity(np.abs(waves(30, 3)), 0.1, None, labels)
    assert figure.axes[0].get_ylabel() == "metabolite (index)"
    assert figure.axes[1].get_xlabel() == "time (s)"
    assert figure.axes[-1].get_ylabel() == "concentration c (mM)"


def test_units_that_a_recording_names_are_called_so(render):
    names = ("AVAL", "AVAR", "a neuron with a long name")
    figure = activity(waves(30, 3), 0.1, None, of_recording("mV", names))
    words = [word for word, _ in render(figure).words]
    assert words.count("AVAL") == 2, "beside its row and its trace"
    assert words.count("a neuron with…") == 2
    assert "unit" in words
    assert "unit (index)" not in words


def test_units_that_are_numbered_from_0_keep_their_index():
    labels = of_recording("mV", ("0", "1", "2"))
    assert activity(waves(30, 3), 0.1, None, labels).axes[0].get_ylabel() == "unit (index)"
    kept = of_recording("mV", ("0", "2", "3"))  # a unit was left out: columns are not numbers any more
    assert [text.get_text() for text in activity(waves(30, 3), 0.1, None, kept).axes[1].get_yticklabels()] == [
        "0",
        "2",
        "3",
    ]


@pytest.mark.parametrize(("u", "delta_t"), [(np.zeros(5), 0.1), (np.zeros((0, 3)), 0.1), (np.zeros((5, 3)), -0.1)])
def test_a_wrong_shape_or_step_is_named(u, delta_t):
    with pytest.raises(ValueError, match=r"(activity must be \[frame, neuron\]|delta_t must be above 0).*got"):
        activity(u, delta_t)


def test_an_input_of_other_frames_is_refused():
    with pytest.raises(
        ValueError,
        match=r"external must be \[frame, neuron\].*got the shape \(4, 3\) for an activity of shape \(5, 3\)",
    ):
        activity(np.zeros((5, 3)), 0.1, np.zeros((4, 3)))
