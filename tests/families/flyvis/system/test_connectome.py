"""The network of an eye, against the published counts and against rules that hold for any connectome."""

import numpy as np
import pytest
import torch

from hydra_llm.families.flyvis.system.connectome import build_connectome
from hydra_llm.families.flyvis.system.connectome_file import ConnectomeError, read_connectome_file
from hydra_llm.families.flyvis.system.hull import LEFT_OUT, gaps

# extent: neurons, edges, edges from a neuron onto itself, inputs
COUNTS = {
    1: (443, 8_174, 120, 56),
    2: (1_203, 28_904, 326, 152),
    3: (2_345, 63_209, 636, 296),
    4: (3_865, 110_794, 1_048, 488),
    8: (13_741, 434_112, 3_724, 1_736),
    15: (45_669, 1_513_231, 12_380, 5_768),
}


@pytest.fixture
def tiny(tiny_connectome):
    return read_connectome_file(tiny_connectome)


@pytest.mark.parametrize("extent", COUNTS)
def test_counts_are_the_published_ones(extent, published_connectome):
    network = build_connectome(read_connectome_file(published_connectome), extent)
    loops = int((network.edge_index[0] == network.edge_index[1]).sum())
    assert (network.n_neurons, network.n_edges, loops, len(network.input_index)) == COUNTS[extent]
    assert len(np.unique(network.edge_index[0] * network.n_neurons + network.edge_index[1])) == network.n_edges


@pytest.mark.parametrize("extent", [4, 8])
def test_signs_and_counts_agree_with_a_trained_network(extent, published_connectome, trained_network):
    network = build_connectome(read_connectome_file(published_connectome), extent)
    trained = torch.load(trained_network, map_location="cpu", weights_only=True)["network"]
    assert (len(network.pairs), len(network.offsets)) == (604, 2_355)
    np.testing.assert_array_equal(network.pair_sign, trained["edges_sign"].numpy())
    np.testing.assert_allclose(np.log(network.syn_count), trained["edges_syn_count"].numpy(), atol=1e-6)


def test_the_closed_hull_adds_the_seven_points_that_are_left_out(published_connectome):
    file = read_connectome_file(published_connectome)
    filled = {(pair.source, pair.target): {offset for offset, _ in pair.counts} for pair in file.pairs}
    assert sum(len(points) for points in LEFT_OUT.values()) == 7
    for pair, points in LEFT_OUT.items():
        assert not filled[pair] & set(points)
        assert set(points) <= set(gaps(sorted(filled[pair])))


def test_types_come_in_the_order_of_the_file_and_cells_u_outer_v_inner(tiny):
    network = build_connectome(tiny, 2)
    assert network.type_names == ("R1", "L1", "Lawf1", "Mi1", "T4a")
    assert (np.diff(network.neuron_type) >= 0).all()
    for kind in range(5):
        own = [tuple(uv) for uv in network.column[network.neuron_type == kind]]
        assert own == sorted(own)
    strided = network.column[network.neuron_type == 2]
    assert (strided % [3, 2] == 0).all()
    assert len(strided) == 3  # (0, -2), (0, 0), (0, 2)


def test_an_edge_joins_the_cells_that_its_offset_says(tiny):
    network = build_connectome(tiny, 3)
    source, target = network.edge_index
    moved = network.column[target] - network.column[source]
    assert network.n_edges > 0
    for edge in range(network.n_edges):
        kind, onto, du, dv = network.offsets[network.edge_offset[edge]]
        assert tuple(moved[edge]) == (du, dv)
        assert network.type_names[network.neuron_type[source[edge]]] == kind
        assert network.pairs[network.edge_pair[edge]] == (kind, onto)


def test_every_pair_of_cells_at_an_offset_is_joined(tiny):
    network = build_connectome(tiny, 3)
    kinds = [network.type_names[k] for k in network.neuron_type]
    at = {(kind, u, v): n for n, (kind, (u, v)) in enumerate(zip(kinds, network.column.tolist(), strict=True))}
    expected = {
        (at[pair.source, u, v], at[pair.target, u + du, v + dv])
        for pair in tiny.pairs
        for (du, dv), _ in pair.counts
        for name, u, v in at
        if name == pair.source and (pair.target, u + du, v + dv) in at
    }
    assert {tuple(edge) for edge in network.edge_index.T.tolist()} == expected
    assert network.n_edges == len(expected)


def test_a_pair_without_an_instance_shares_no_parameter(tiny):
    assert ("Lawf1", "Lawf1") not in build_connectome(tiny, 5).pairs
    assert len(build_connectome(tiny, 5).pairs) == len(tiny.pairs) - 1


def test_a_gap_in_the_hull_has_one_synapse(tiny):
    network = build_connectome(tiny, 3)
    assert network.syn_count[network.offsets.index(("Mi1", "T4a", 1, 1))] == 1


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [
        ([(0, 0), (1, 0)], []),  # no area
        ([(0, 0), (2, 0), (4, 0)], [(1, 0), (3, 0)]),  # on one line: the line
        ([(0, 0), (2, 0), (0, 2)], [(0, 1), (1, 0), (1, 1)]),  # the boundary is inside
        ([(-1, 2), (0, 0), (3, 1), (1, 1)], [(0, 1), (2, 1)]),
    ],
)
def test_gaps_are_the_lattice_points_of_the_closed_hull(offsets, expected):
    assert gaps(offsets) == expected


@pytest.mark.parametrize("extent", [0, -1])
def test_an_eye_without_extent_is_refused(extent, tiny):
    with pytest.raises(ValueError, match=rf"extent must be at least 1 \(7 columns\), got {extent}"):
        build_connectome(tiny, extent)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not a connectome"),
        ("[]", "not a connectome"),
        ('{"nodes": [], "edges": []}', "input_units"),
        (
            '{"nodes": [{"name": "A", "pattern": ["tile", 2]}], "edges": [], "input_units": ["A"], "output_units": []}',
            "tile",
        ),
        ('{"nodes": [], "edges": [], "input_units": ["A"], "output_units": []}', r"unknown types \['A'\]"),
    ],
)
def test_another_file_is_refused_with_a_reason(content, reason, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(ConnectomeError, match=reason):
        read_connectome_file(path)
