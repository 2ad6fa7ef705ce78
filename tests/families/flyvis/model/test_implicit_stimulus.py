"""A stimulus as a function of place and time."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.model.implicit_stimulus import ImplicitStimulus  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402

COLUMN = torch.tensor([[0, 0], [1, 0], [0, 1], [0, 0], [1, 0], [0, 1]])  # two types of photoreceptors


def make(**keys):
    settings = {"duration": 10.0, "hidden_dim": 32, "n_layers": 3, "omega": 30.0}
    return ImplicitStimulus(COLUMN, generator=stream(0, "model_init/stimulus"), **{**settings, **keys})


def test_neurons_of_one_column_see_the_same_and_others_do_not():
    luminance = make()(torch.linspace(0, 10, 50))
    assert luminance.shape == (50, 6)
    assert torch.equal(luminance[:, :3], luminance[:, 3:])
    assert (luminance[:, 0] - luminance[:, 1]).abs().max() > 1e-3


def test_luminance_is_never_negative():
    assert (make()(torch.linspace(0, 10, 500)) >= 0).all()


def test_a_moving_grating_is_learned():
    time = torch.linspace(0, 10, 200)
    u, v = COLUMN.float().T
    shown = 0.5 + 0.4 * torch.sin(2 * time[:, None] - 2 * (u + v / 2))
    stimulus = make()
    optimizer = torch.optim.Adam(stimulus.parameters(), lr=1e-2)
    for _ in range(100):
        loss = (stimulus(time) - shown).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.02 * float(shown.var())


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"duration": 0.0}, r"duration must be above 0 s, got 0.0 s"),
        ({"n_layers": 1}, "n_layers must be at least 2 and hidden_dim at least 1, got 1 and 32"),
    ],
)
def test_nonsense_is_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        make(**keys)
