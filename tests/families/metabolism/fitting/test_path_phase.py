"""When a fit ends with the path of its states, and when the network is left as it was."""

from dataclasses import dataclass
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.estimation.flow import Flow  # noqa: E402
from hydra_llm.estimation.recorded import Recorded  # noqa: E402
from hydra_llm.estimation.smoothing import Smoothed  # noqa: E402
from hydra_llm.families.metabolism.config import MetabolismTraining  # noqa: E402
from hydra_llm.families.metabolism.fitting.path_phase import PathPhase, take_paths  # noqa: E402


@dataclass
class Noisy:
    """The data of a fit, as far as a path asks for it."""

    activity: Any
    delta_t: float
    method: Any

    def recorded(self, split):
        return Recorded(self.activity, None, self.delta_t)

    def put(self, split, frames):
        self.frames = frames


@pytest.fixture
def world(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames(n_frames=60, integrator="rk4", substeps=2)
    noise = torch.randn(frames.activity.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return make_reaction_net(system, frames), Noisy(frames.activity + 0.05 * noise, system.delta_t, Smoothed())


def test_a_path_belongs_to_a_smoothed_recording_unless_the_keys_say_otherwise(world):
    _, data = world
    assert len(PathPhase.phases(MetabolismTraining(seed=0), data)) == 1
    assert PathPhase.phases(MetabolismTraining(seed=0, path_fit=False), data) == []
    data.method = Flow()
    assert PathPhase.phases(MetabolismTraining(seed=0), data) == []


def test_a_network_that_no_path_follows_stays_as_it_was(world):
    net, data = world
    with torch.no_grad():
        net.log_k.fill_(200.0)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    (phase,) = PathPhase.phases(MetabolismTraining(seed=0), data)
    optimizer = phase.optimizer(net)
    assert phase.run(0, net, None, optimizer, optimizer.step) == {}
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_phase_two_sees_states_that_agree_with_the_network(world):
    net, data = world
    with torch.no_grad():
        net.log_k.sub_(1.0)
    take_paths(net, data)
    with torch.no_grad():
        torch.testing.assert_close(data.frames.target, net(data.frames.activity, None))
