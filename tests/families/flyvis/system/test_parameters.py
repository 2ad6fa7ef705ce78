"""Parameters: flyvis's distribution, one whose types differ, and trained networks mapped by name."""

import math

import pytest
import torch

from hydra_llm.families.flyvis.system.connectome import build_connectome
from hydra_llm.families.flyvis.system.connectome_file import read_connectome_file
from hydra_llm.families.flyvis.system.parameters import (
    CheckpointError,
    default_parameters,
    high_bias_parameters,
    trained_parameters,
    varied_parameters,
)
from hydra_llm.systems.random_streams import stream


@pytest.fixture
def tiny(tiny_connectome):
    return read_connectome_file(tiny_connectome)


@pytest.fixture
def checkpoint(tiny, tmp_path):
    """A trained network of the tiny connectome, in flyvis's format."""
    complete = build_connectome(tiny, 4)
    network = {
        "nodes_bias": torch.linspace(0.1, 0.5, len(complete.type_names)),
        "nodes_time_const": torch.linspace(0.02, 0.3, len(complete.type_names)),
        "edges_sign": torch.from_numpy(complete.pair_sign).float(),
        "edges_syn_count": torch.from_numpy(complete.syn_count).log().float(),
        "edges_syn_strength": torch.arange(len(complete.pairs)).float() - 1,  # one below zero, one zero
    }
    path = tmp_path / "trained.pt"
    torch.save({"network": network, "decoder": {"weight": torch.zeros(3)}}, path)
    return path, network, complete


def test_the_default_is_flyvis_before_training(tiny):
    network = build_connectome(tiny, 3)
    drawn = default_parameters(network, stream(0, "types"))
    assert (drawn.time_const == 0.05).all()
    assert ((drawn.bias - 0.5).abs() < 0.25).all()
    W = drawn.weights(network)
    for k in range(len(network.pairs)):
        mean = float(W[torch.from_numpy(network.edge_pair == k)].mean())
        assert mean == pytest.approx(0.01 * network.pair_sign[k])


def test_varied_types_differ_and_are_stable(make_flyvis_system, published_connectome, simulate_system):
    system = make_flyvis_system(connectome=str(published_connectome), parameters="varied", n_frames=60)
    tau = system.truth()["tau"]
    assert float(tau.min()) >= 0.02
    assert float(tau.max()) <= 0.32
    assert len(tau.unique()) == 65
    voltage = simulate_system(system)["train"]["activity"]
    assert float(voltage.abs().max()) < 20
    assert 0 < float((voltage < 0).float().mean()) < 0.5


def test_a_high_bias_leaves_fewer_voltages_below_zero(make_flyvis_system, published_connectome, simulate_system):
    below = {}
    for name in ("varied", "high_bias"):
        system = make_flyvis_system(connectome=str(published_connectome), parameters=name, n_frames=60)
        voltage = simulate_system(system)["train"]["activity"]
        assert float(voltage.abs().max()) < 20
        below[name] = float((voltage < 0).float().mean())
    assert 0 < below["high_bias"] < 0.7 * below["varied"]


def test_equal_seeds_draw_equal_parameters_and_others_do_not(tiny):
    network = build_connectome(tiny, 2)
    for draw in (default_parameters, varied_parameters, high_bias_parameters):
        first, same, other = (draw(network, stream(seed, "types")).bias for seed in (0, 0, 1))
        assert torch.equal(first, same)
        assert not torch.equal(first, other)


@pytest.mark.parametrize("extent", [1, 2, 6])
def test_a_trained_network_is_mapped_by_name_at_any_extent(extent, tiny, checkpoint):
    path, network, complete = checkpoint
    eye = build_connectome(tiny, extent)
    shared = trained_parameters(path, eye, complete)
    W = shared.weights(eye)
    for edge in range(eye.n_edges):
        pair, offset = eye.pairs[eye.edge_pair[edge]], eye.offsets[eye.edge_offset[edge]]
        k = complete.pairs.index(pair)
        count = math.exp(network["edges_syn_count"][complete.offsets.index(offset)])
        strength = max(0.0, float(network["edges_syn_strength"][k]))
        assert float(W[edge]) == pytest.approx(float(network["edges_sign"][k]) * count * strength, rel=1e-6)
    torch.testing.assert_close(shared.time_const, network["nodes_time_const"].double())


def test_the_trained_network_has_the_published_weights(published_connectome, trained_network):
    file = read_connectome_file(published_connectome)
    eye = build_connectome(file, 8)
    shared = trained_parameters(trained_network, eye, build_connectome(file, 4))
    W = shared.weights(eye)
    assert float(W.min()) == pytest.approx(-1.503, abs=1e-3)
    assert float(W.max()) == pytest.approx(4.173, abs=1e-3)
    assert float(W.abs().mean()) == pytest.approx(0.0743, abs=1e-4)
    assert float((W == 0).double().mean()) == pytest.approx(0.039, abs=1e-3)
    assert int((shared.syn_strength == 0).sum()) == 31
    assert int((shared.time_const > 0.02).sum()) == 14


def test_a_checkpoint_of_another_network_is_refused(tiny, checkpoint, tmp_path):
    _, network, complete = checkpoint
    eye = build_connectome(tiny, 2)
    for change, reason in (
        ({"nodes_bias": torch.zeros(7)}, r"nodes_bias has shape \(7,\)"),
        ({"edges_sign": -network["edges_sign"]}, "6 of 6 signs"),
        ({"edges_syn_count": network["edges_syn_count"] + 1}, "synapse counts differ"),
        ({"nodes_time_const": network["nodes_time_const"] * math.nan}, "nodes_time_const that are not finite"),
    ):
        torch.save({"network": {**network, **change}}, tmp_path / "other.pt")
        with pytest.raises(CheckpointError, match=reason):
            trained_parameters(tmp_path / "other.pt", eye, complete)


def test_what_is_no_checkpoint_is_refused(tiny, tmp_path):
    eye = build_connectome(tiny, 2)
    text, other, unsafe = (tmp_path / name for name in ("text.pt", "other.pt", "unsafe.pt"))
    text.write_text("not a checkpoint")
    torch.save({"state_dict": {}}, other)
    torch.save({"network": _Surprise()}, unsafe)
    for path, reason in (
        (tmp_path / "none.pt", "cannot be read"),
        (text, "loaded safely"),
        (other, "lacks nodes_bias"),
        (unsafe, "loaded safely"),
    ):
        with pytest.raises(CheckpointError, match=reason):
            trained_parameters(path, eye, eye)


class _Surprise:
    """An object that a careless load would construct."""
