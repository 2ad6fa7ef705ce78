"""A matrix between units from a file: a wiring diagram, or weights."""

import numpy as np
import pytest

from hydra_llm.recordings.matrix_file import read_graph, read_weights
from hydra_llm.recordings.session import RecordingError


def test_a_graph_is_an_adjacency_or_a_list_of_edges_from_source_to_target(tmp_path):
    np.save(tmp_path / "edges.npy", np.array([[0, 1], [2, 0]]))
    found = read_graph(tmp_path / "edges.npy", 3, "simulation.graph_path")
    assert np.argwhere(found).tolist() == [[0, 1], [2, 0]]
    np.savetxt(tmp_path / "w.csv", found, delimiter=",")
    np.testing.assert_array_equal(read_graph(tmp_path / "w.csv", 3, "simulation.graph_path"), found)
    with pytest.raises(RecordingError, match=r"must be a matrix \[target, source\] of shape \(4, 4\)"):
        read_graph(tmp_path / "w.csv", 4, "simulation.graph_path")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("W.csv", b"a,b\nc,d\n", r"simulation\.graph_path=W\.csv cannot be read as a matrix of numbers"),
        ("W.npy", b"not numpy", r"simulation\.graph_path=W\.npy cannot be read as a matrix of numbers"),
    ],
)
def test_a_matrix_that_holds_no_numbers_is_a_sentence(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordingError, match=message):
        read_graph(tmp_path / name, 2, "simulation.graph_path")


def test_a_complex_matrix_is_refused(tmp_path):
    np.save(tmp_path / "W.npy", np.ones((2, 2), dtype=complex))
    with pytest.raises(RecordingError, match="must hold real numbers, got values of type complex128"):
        read_graph(tmp_path / "W.npy", 2, "simulation.graph_path")


@pytest.mark.parametrize("unit", [np.nan, 0.5])
def test_an_edge_index_names_units_by_whole_numbers(unit, tmp_path):
    np.save(tmp_path / "edges.npy", np.array([[0.0, 1.0, 2.0], [1.0, 2.0, unit]]))
    with pytest.raises(RecordingError, match="must name units by whole numbers"):
        read_graph(tmp_path / "edges.npy", 4, "simulation.graph_path")


def test_weights_are_a_matrix_and_no_list_of_edges(tmp_path):
    W = np.array([[0.0, 0.5, 0.0], [0.0, 0.0, -2.0], [1.0, 0.0, 0.0]])
    np.save(tmp_path / "W.npy", W)
    np.testing.assert_array_equal(read_weights(tmp_path / "W.npy", 3, "simulation.truth_path"), W)
    np.save(tmp_path / "edges.npy", np.array([[0, 1], [2, 0]]))
    with pytest.raises(RecordingError, match=r"shape \(3, 3\), got the shape \(2, 2\)\. An edge_index says which"):
        read_weights(tmp_path / "edges.npy", 3, "simulation.truth_path")
