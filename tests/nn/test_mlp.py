import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.nn.mlp import MLP  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402


def make(**keys):
    sizes = {"n_in": 1, "n_out": 1, "hidden_dim": 8, "n_layers": 3, "activation": "tanh", "linear_path": False}
    return MLP(**{**sizes, **keys}, generator=stream(0, "model_init"))


def test_equal_generators_give_equal_networks_and_other_seeds_do_not():
    other = MLP(
        n_in=1,
        n_out=1,
        hidden_dim=8,
        n_layers=3,
        activation="tanh",
        linear_path=False,
        generator=stream(1, "model_init"),
    )
    x = torch.linspace(-1, 1, 5)[:, None]
    assert torch.equal(make()(x), make()(x))
    assert not torch.equal(make()(x), other(x))


def test_the_linear_path_holds_a_straight_line_exactly():
    mlp = make(linear_path=True)
    with torch.no_grad():
        mlp.net[-1].weight.zero_()
        mlp.net[-1].bias.zero_()
        mlp.linear.weight.fill_(-2.5)
    x = torch.linspace(-30, 30, 7)[:, None]
    assert torch.equal(mlp(x), -2.5 * x)


def test_an_unknown_activation_is_refused_with_the_list():
    with pytest.raises(ValueError, match="activation must be one of tanh, silu, gelu, relu, got 'swich'"):
        make(activation="swich")


def test_one_layer_is_refused():
    with pytest.raises(ValueError, match="n_layers must be at least 2 and hidden_dim at least 1, got 1 and 8"):
        make(n_layers=1)
