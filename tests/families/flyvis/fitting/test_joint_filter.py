"""One filter for all neurons: its gains, the noise it finds, and what rounds find with it."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fitting import flow  # noqa: E402
from hydra_llm.families.flyvis.fitting.closed_form import ClosedForm  # noqa: E402
from hydra_llm.families.flyvis.fitting.flow import FlowPhase, prediction_error  # noqa: E402
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap  # noqa: E402
from hydra_llm.families.flyvis.fitting.innovations import Sequences, filtered, reach  # noqa: E402
from hydra_llm.families.flyvis.fitting.joint_filter import JointFilter, Noise, in_common, looked_at, steady  # noqa: E402
from hydra_llm.families.flyvis.fitting.round_state import RoundState  # noqa: E402

PROCESS, MEASURED = 0.2, 0.4
COUPLING = 2.5  # neurons that hardly hear each other have hardly anything to correct in each other


@pytest.fixture
def made(recorded_network):
    return recorded_network(process=PROCESS, measurement=MEASURED, n_frames=6000, n_sequences=40, coupling=COUPLING)


@pytest.fixture
def law(made):
    return FrameMap(made.net, reach(made.frames, made.dt), made.dt)


@pytest.fixture
def known(made, law):
    """The filter of somebody who knows the noise and the law."""
    ones = torch.ones(20, dtype=torch.float64)
    steepness = looked_at(made.net, law, made.frames, ones, made.dt, 1)[1]
    return JointFilter.of(made.net, Noise(PROCESS**2 * ones, MEASURED**2 * ones, steepness))


def random_F(n=30):
    F = torch.randn((n, n), generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    return 0.8 * F / torch.linalg.eigvals(F).abs().max()


def noise_of(n, process, measured):
    like = torch.linspace(1, 2, n, dtype=torch.float64)
    return Noise(process * like, measured * like.flip(0), like)


def test_gains_solve_the_equation_of_the_steady_state():
    F, noise = random_F(), noise_of(30, 0.3, 0.7)
    gains = steady(F, noise)
    after = gains.K * noise.measured
    P = F @ after @ F.T + torch.diag(noise.process)
    torch.testing.assert_close(P @ torch.linalg.inv(P + torch.diag(noise.measured)), gains.K, rtol=0, atol=2e-4)
    torch.testing.assert_close(P.diagonal() + noise.measured, gains.own.variance, rtol=1e-3, atol=0)


def test_neurons_without_synapses_have_gains_of_their_own_alone():
    noise = noise_of(5, 1.0, 1.0)
    gains = steady(torch.diag(torch.full((5,), 0.5, dtype=torch.float64)), noise)
    assert torch.equal(gains.K, torch.diag(gains.own.gain))
    P = gains.own.variance - noise.measured
    torch.testing.assert_close(0.25 * gains.own.gain * noise.measured + noise.process, P, rtol=1e-3, atol=0)


@pytest.mark.parametrize("blown_up", [1e30, float("inf"), float("nan")])
def test_a_law_that_blows_up_is_filtered_neuron_by_neuron(blown_up):
    F = random_F(5).float()
    F[0, 1] = blown_up
    gains = steady(F, noise_of(5, 0.3, 0.7)._replace(process=torch.full((5,), 0.3), measured=torch.full((5,), 0.7)))
    assert gains.K.isfinite().all()
    assert torch.equal(gains.K, torch.diag(gains.own.gain))


def test_the_derivative_of_the_map_is_that_of_its_linear_messages(made, law):
    """With steepness 0 or 1 as each neuron is below or above 0, of a state that stays there over a frame."""
    steepness = (torch.arange(20) % 2).to(torch.float64)
    law.message = lambda v: steepness[:, None] * v
    x, held = torch.zeros((20, 1), dtype=torch.float64), torch.zeros((20, 1), dtype=torch.float64)
    nudged = torch.cat([law(x + torch.eye(20)[:, k : k + 1], held) - law(x, held) for k in range(20)], dim=1)
    torch.testing.assert_close(law.derivative(steepness), nudged, rtol=0, atol=1e-10)
    some = torch.tensor([3, 7])
    torch.testing.assert_close(law.derivative(steepness, some), nudged[:, some], rtol=0, atol=1e-10)


@pytest.mark.parametrize("substeps", [None, 3])
def test_the_mean_steepness_of_a_rectifier_is_the_share_of_time_above_zero(made, substeps):
    law = FrameMap(made.net, reach(made.frames, made.dt), made.dt, substeps)
    v = made.frames.activity.T
    torch.testing.assert_close(law.steepness(v), v.gt(0).to(v).mean(1), rtol=0, atol=0.02)


def test_errors_of_one_filter_are_not_foretold_by_those_of_other_neurons(made, law, known):
    def foretold(gain):
        error = filtered(law, Sequences.of(made.net, made.frames, made.dt), gain).error
        now, before = (part.permute(1, 0, 2).reshape(20, -1) for part in (error[1:], error[:-1]))
        lagged = now @ before.T / now.shape[1] / (now.std(1)[:, None] * before.std(1))
        return float(lagged.fill_diagonal_(0)[made.truth.edge_index[1], made.truth.edge_index[0]].square().mean())

    gains = known.gains(law)
    assert foretold(gains.K) < 0.5 * foretold(gains.own.gain)


def test_the_noise_is_found_from_a_wrong_guess(made, law, known):
    ones = torch.ones(20, dtype=torch.float64)
    guess = Noise(0.3 * PROCESS**2 * ones, 2 * MEASURED**2 * ones, known.noise.steepness)
    found = JointFilter.of(made.net, guess)
    for _ in range(3):
        found = found.heard(made.net, law, made.frames, torch.arange(20), made.dt, 1)
    assert float(found.noise.measured.mean().sqrt()) == pytest.approx(MEASURED, rel=0.1)
    assert float(found.noise.process.mean().sqrt()) == pytest.approx(PROCESS, rel=0.1)


def test_a_recording_without_measurement_noise_is_known_for_one(recorded_network):
    made = recorded_network(process=PROCESS, n_frames=6000, n_sequences=40)
    law = FrameMap(made.net, reach(made.frames, made.dt), made.dt)
    ones = torch.ones(20, dtype=torch.float64)
    found = JointFilter.of(made.net, Noise(PROCESS**2 * ones, MEASURED**2 * ones, ones / 2))
    for _ in range(3):
        found = found and found.heard(made.net, law, made.frames, torch.arange(20), made.dt, 1)
    assert found is None


def test_values_that_differ_by_chance_alone_become_their_median_and_others_stay():
    generator = torch.Generator().manual_seed(1)
    chance = 3 + 0.1 * torch.randn(400, generator=generator, dtype=torch.float64)
    spread = torch.full((400,), 0.1, dtype=torch.float64)
    assert float((in_common(chance, spread) - 3).abs().max()) < 0.1
    wide = 10 * (chance - 3) + 3
    torch.testing.assert_close(in_common(wide, spread), wide, rtol=0, atol=0.05)


def fitted(made, make_graph_net, rounds):
    net = make_graph_net(made.truth, message_form="relu")
    solution = ClosedForm("evidence", 1e-4, None, lambda: made.frames)
    solution.apply(net, made.frames)
    state = RoundState()
    phase = FlowPhase(solution, None, rounds, None, made.dt, state)
    optimizer = phase.optimizer(net)
    for k in range(rounds):
        phase.run(k, net, made.frames, optimizer, optimizer.step)
    return net, phase


def test_rounds_with_one_filter_bias_time_constants_less(made, make_graph_net, monkeypatch):
    def bias(net):
        return abs(float((net.lin_phi.tau.detach() / made.truth.tau).log()[:18].mean()))  # two never rise above 0

    joint, together = fitted(made, make_graph_net, 8)
    monkeypatch.setattr(flow, "_ONE_BY_ONE", 8)
    single, alone = fitted(made, make_graph_net, 8)
    assert together.state.noise is not None
    assert alone.state.noise is None
    assert bias(joint) < 0.75 * bias(single)


def test_validation_filters_as_the_rounds_do(made, make_graph_net):
    data = SimpleNamespace(delta_t=made.dt, frames=lambda split: made.frames)
    net, phase = fitted(made, make_graph_net, 4)
    state = phase.state
    with_all = float(prediction_error(data, state, None)(net, made.frames))
    alone = RoundState(state.gain, state.error)
    assert with_all < float(prediction_error(data, alone, None)(net, made.frames))


def test_intervals_of_tau_hold_the_truth_and_gains_one_by_one_give_none(made, make_graph_net, monkeypatch):
    net, phase = fitted(made, make_graph_net, 8)
    spread = phase.spread(net, made.frames)
    nobody = torch.zeros(20, dtype=torch.float64)
    values = (net.W.detach(), net.lin_phi.tau.detach(), net.lin_phi.v_rest.detach(), nobody + 1, nobody)
    away = (values[1] - made.truth.tau).abs() / spread.errors(*values).tau
    assert 0.5 < float(away[:18].median()) / 0.67 < 2  # of a normal distribution: 0.67
    monkeypatch.setattr(flow, "_ONE_BY_ONE", 8)
    net, phase = fitted(made, make_graph_net, 8)
    assert phase.spread(net, made.frames) is None
