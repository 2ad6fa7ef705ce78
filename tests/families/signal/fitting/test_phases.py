"""Each phase on a network of 20 neurons: seconds, and the claims that the solver rests on."""

import pytest

from recorded import Recorded

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.config import SignalTraining  # noqa: E402
from hydra_llm.families.signal.fitting.adam import GradientPhase  # noqa: E402
from hydra_llm.families.signal.fitting.projection import SignalProjectionPhase  # noqa: E402
from hydra_llm.families.signal.fitting.reduced import ReducedProblem  # noqa: E402
from hydra_llm.metrics.connectivity import connectivity_metrics  # noqa: E402
from hydra_llm.metrics.gauge import recorded_grid, rescale_sources, source_scale  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402
from hydra_llm.training.phases.adam import published_steps  # noqa: E402
from hydra_llm.training.recovery import unexplained_variance  # noqa: E402


def run(phase, net, frames):
    optimizer = phase.optimizer(net)
    return [phase.run(k, net, frames, optimizer, optimizer.step) for k in range(phase.n_intervals)]


def recovered(net, frames, system):
    grid = recorded_grid(frames.activity.numpy(), 100)
    field = system.field()
    with torch.no_grad():
        learned = net.message(torch.from_numpy(grid)).numpy()
    scale = source_scale(learned, field.message(torch.from_numpy(grid)).numpy())
    W = rescale_sources(net.connectivity().detach().numpy(), scale)
    return connectivity_metrics(W, field.effective_connectivity.numpy(), identifiable=None, prefix="connectivity")


def gradient_phase(frames, n_steps, **keys):
    settings = {"learning_rate_W_start": 0.01, "learning_rate_start": 0.003, "W_solve_frames": 500}
    training = SignalTraining(**{"seed": 0, "max_steps": n_steps, **settings, **keys})
    return GradientPhase.of(training, Recorded(frames))


def projection_phase(**keys):
    settings = {
        "ridges": [1e-4, 1e-6],
        "iterations": 60,
        "n_starts": 3,
        "screening_iterations": 25,
        "n_frames": 600,
        "n_nodes": 200,
    }
    return SignalProjectionPhase(**{**settings, **keys}, generator=stream(0, "model_init/starts"))


def test_the_published_iteration_count():
    assert published_steps(10_000, 100, 8) == 25_000
    assert published_steps(10_000, 25, 8) == 6_250


@pytest.mark.parametrize("embedding_dim", [0, 2])
def test_the_gradient_of_the_reduced_loss_needs_no_derivative_of_the_solve(make_net, make_frames, embedding_dim):
    frames, _ = make_frames(n_frames=400)
    net = make_net(embedding_dim=embedding_dim, activity=frames.activity)
    problem = ReducedProblem(net, frames.spread(100), 40)
    problem.evaluate(net, 1e-3).loss.backward()
    weight = net.lin_edge.net[0].weight
    analytic = weight.grad.clone()
    step = 1e-5
    for place in [(0, 0), (5, 0), (11, 0)]:
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[place] += sign * step
                values.append(problem.evaluate(net, 1e-3).loss.item())
                weight[place] -= sign * step
        assert (values[0] - values[1]) / (2 * step) == pytest.approx(analytic[place].item(), rel=1e-4, abs=1e-9)


def test_projection_recovers_the_connectivity_of_a_chaotic_network(make_net, make_frames):
    frames, system = make_frames(n_frames=2000, seed=1)
    net = make_net(activity=frames.activity)
    assert recovered(net, frames, system)["connectivity_R2"] < 0.3
    run(projection_phase(), net, frames)
    assert recovered(net, frames, system)["connectivity_R2"] > 0.99


def test_projection_never_leaves_the_network_worse_than_it_came(make_net, make_frames):
    frames, _ = make_frames(n_frames=800)
    net = make_net(activity=frames.activity)
    run(projection_phase(), net, frames)
    problem = ReducedProblem(net, frames.spread(600), 200)
    before = problem.settle(net, 1e-6)
    run(projection_phase(ridges=[1e-6], n_starts=1, iterations=5, screening_iterations=1), net, frames)
    assert ReducedProblem(net, frames.spread(600), 200).settle(net, 1e-6) <= before * (1 + 1e-9)


def test_adam_lowers_the_loss(make_net, make_frames):
    frames, _ = make_frames(n_frames=1000)
    net = make_net(activity=frames.activity)
    before = float(unexplained_variance(net, frames))
    logged = run(gradient_phase(frames, 400), net, frames)
    assert len(logged) == 20
    assert float(unexplained_variance(net, frames)) < 0.1 * before


def test_w_is_solved_at_the_interval_that_is_asked_for(make_net, make_frames):
    """A W that gradients cannot move still fits, because it is solved."""
    frames, _ = make_frames(n_frames=1000)
    left = {}
    for interval in (0, 30):
        net = make_net(activity=frames.activity)
        run(gradient_phase(frames, 60, learning_rate_W_start=0.0, W_solve_interval=interval), net, frames)
        left[interval] = float(unexplained_variance(net, frames))
    assert left[30] < 0.2 * left[0]


def test_every_learning_rate_moves_its_own_part_only(make_net, make_frames):
    frames, _ = make_frames(n_frames=300, n_neuron_types=2)
    parts = {
        "learning_rate_W_start": lambda net: net.W,
        "learning_rate_start": lambda net: net.lin_edge.net[0].weight,
        "learning_rate_embedding_start": lambda net: net.embedding.a,
    }
    for moving in parts:
        net = make_net(embedding_dim=2)
        before = {name: part(net).detach().clone() for name, part in parts.items()}
        run(gradient_phase(frames, 3, **{**dict.fromkeys(parts, 0.0), moving: 0.01}), net, frames)
        moved = {name for name, part in parts.items() if not torch.equal(part(net), before[name])}
        assert moved == {moving}


def test_a_rollout_longer_than_the_recording_is_refused(make_net, make_frames):
    frames, _ = make_frames(n_frames=50)
    with pytest.raises(ValueError, match="does not fit in 50 frames"):
        run(gradient_phase(frames, 2, time_step=50), make_net(), frames)


def test_adam_reads_its_learning_rates_and_its_steps_from_the_keys(make_net, make_frames):
    frames, _ = make_frames(n_frames=1000)
    rates = {"learning_rate_W_start": 0.3, "learning_rate_start": 0.2, "learning_rate_embedding_start": 0.1}
    phase = gradient_phase(frames, None, data_augmentation_loop=25, batch_size=8, **rates)
    assert [group["lr"] for group in phase.optimizer(make_net(embedding_dim=2)).param_groups] == list(rates.values())
    assert phase.n_steps == published_steps(1000, 25, 8)
