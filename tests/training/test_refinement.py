"""Fit, look at the recording again with what was fitted, fit again."""

import pytest
import torch
from torch import nn
from torch.optim import SGD

from hydra_llm.data.windows import Frames
from hydra_llm.schema.target import TargetKeys
from hydra_llm.training.phases.refinement import ROUND, RefinementPhase


class Recording:
    """Targets of one unit, raised by what the network of the refinement predicts."""

    delta_t = 0.1
    n_refinements = 3

    def __init__(self):
        self.asked = []

    def frames(self, split):
        return Frames(torch.ones(4, 1), torch.full((4, 1), float(sum(self.asked))), None)

    def refine(self, field):
        self.asked.append(round(float(field(torch.ones(1, 1), None)), 6))


class Solve:
    """A phase of two intervals that writes the mean target into the network at its second one."""

    name, n_intervals = "solve", 2

    def optimizer(self, net):
        return SGD(net.parameters(), lr=0.0)

    def run(self, interval, net, frames, optimizer, step):
        if interval == 1:
            with torch.no_grad():
                net.weight.copy_(frames.target.mean() + 1)
        return {"interval": float(interval)}


@pytest.fixture
def net():
    net = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        net.weight.fill_(1.0)

    class Law(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = net.weight

        def forward(self, u, external):
            return u @ self.weight.T

    return Law()


def run(phase, net, intervals):
    optimizer = phase.optimizer(net)
    frames = Frames(torch.zeros(4, 1), torch.zeros(4, 1), None)
    return [phase.run(interval, net, frames, optimizer, lambda closure: None) for interval in intervals]


def test_every_round_estimates_targets_once_with_the_network_before_it(net):
    data = Recording()
    logged = run(RefinementPhase(Solve, data, 3), net, range(6))
    assert data.asked == [1.0, 2.0, 4.0]  # 1; then 1 + 1; then 1 + 2 + 1
    assert [row[ROUND] for row in logged] == [1, 1, 2, 2, 3, 3]
    assert [row["interval"] for row in logged] == [0, 1] * 3


def test_a_round_that_was_interrupted_goes_on_with_the_targets_of_its_beginning(net):
    data = Recording()
    phase = RefinementPhase(Solve, data, 2)
    run(phase, net, [0])
    with torch.no_grad():
        net.weight.fill_(7.0)  # what the interval changed
    resumed = RefinementPhase(Solve, again := Recording(), 2)
    resumed.load_state_dict(phase.state_dict())
    run(resumed, net, [1])
    assert again.asked == data.asked == [1.0]


class Noisy(Recording):
    """Targets that any network misses by far, and that a refinement hardly moves."""

    def frames(self, split):
        noise = 100.0 * torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
        return Frames(torch.ones(4, 1), 1.0 + noise + 0.01 * len(self.asked), None)


def test_rounds_end_where_the_noise_is_larger_than_what_they_change(net):
    data = Noisy()
    logged = run(RefinementPhase(Solve, data, 4), net, range(8))
    assert len(data.asked) == 2, "the second one changed the targets by 0.01 of 100"
    assert [row.get("interval") for row in logged] == [0, 1] + [None] * 6
    assert [row[ROUND] for row in logged] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_a_fit_that_settled_is_resumed_with_the_targets_that_it_had(net):
    data, again = Noisy(), Noisy()
    phase = RefinementPhase(Solve, data, 4)
    run(phase, net, range(4))
    resumed = RefinementPhase(Solve, again, 4)
    resumed.load_state_dict(phase.state_dict())
    logged = run(resumed, net, range(4, 8))
    assert again.asked == data.asked[-1:]
    assert not any("interval" in row for row in logged)


def test_a_process_that_resumes_between_two_rounds_compares_with_the_targets_of_the_last_one(net):
    data, again = Noisy(), Noisy()
    phase = RefinementPhase(Solve, data, 4)
    run(phase, net, range(2))
    resumed = RefinementPhase(Solve, again, 4)
    resumed.load_state_dict(phase.state_dict())
    logged = run(resumed, net, [2, 3])
    assert not any("interval" in row for row in logged), "the second round is not needed"


@pytest.mark.parametrize(("wanted", "offered", "rounds"), [(None, 3, 3), (1, 3, 1), (0, 3, 0), (5, 0, 0)])
def test_keys_win_over_the_method_unless_it_knows_no_refinement(wanted, offered, rounds):
    data = Recording()
    data.n_refinements = offered
    phases = RefinementPhase.phases(TargetKeys(refinements=wanted), data, Solve)
    assert sum(phase.n_intervals for phase in phases) == 2 * rounds
