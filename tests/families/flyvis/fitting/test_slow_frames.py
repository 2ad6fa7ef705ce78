"""Frames that are several time constants apart: a random network of 20 neurons, each on its own."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data.windows import Frames  # noqa: E402
from hydra_llm.families.flyvis.fitting.closed_form import ClosedForm, pools_of_one, write  # noqa: E402
from hydra_llm.families.flyvis.fitting.flow import FlowPhase  # noqa: E402
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap  # noqa: E402
from hydra_llm.families.flyvis.fitting.frame_sensitivity import FrameSensitivity  # noqa: E402
from hydra_llm.families.flyvis.fitting.innovations import Sequences, filtered, reach  # noqa: E402
from hydra_llm.families.flyvis.fitting.regressions import Coefficients  # noqa: E402
from hydra_llm.families.flyvis.fitting.round_state import RoundState  # noqa: E402
from hydra_llm.families.flyvis.fitting.slow_frames import SlowFrames, are_slow  # noqa: E402
from hydra_llm.families.flyvis.fitting.tied_parameters import TiedParameters  # noqa: E402
from hydra_llm.metrics.scores import identity_r2  # noqa: E402

N = 20
HELD = 4  # frames that a light lasts


@pytest.fixture
def coarse(make_graph_frames, make_graph_net):
    """A network that obeys a law, and forward differences of its recording, dt apart."""

    def make(dt=0.2, process=0.05, measurement=0.0, n_frames=3000, n_sequences=30):
        truth = make_graph_frames(n_neurons=N, n_frames=n_frames)
        net = make_graph_net(truth, message_form="relu")
        rate, target = 1 / truth.tau, truth.edge_index[1]
        write(net, Coefficients(truth.W * rate[target], rate, rate * truth.v_rest, torch.zeros_like(rate)))
        law, length = FrameMap(net, (-12.0, 4.0), dt), n_frames // n_sequences
        light = 3 * truth.frames.external.view(n_sequences, length, -1)
        light = light[:, torch.arange(length) // HELD]
        noise = torch.randn(
            (2, length + 1, N, n_sequences), generator=torch.Generator().manual_seed(5), dtype=torch.float64
        )
        v = truth.v_rest[:, None].expand(N, n_sequences)
        states = [v + measurement * noise[1, 0]]
        with torch.no_grad():
            for k in range(length):
                held = net.spread_input(v.T, light[:, k]).T
                v = law(v, held) + process * noise[0, k]
                states.append(v + measurement * noise[1, k + 1])
        y = torch.stack(states).permute(2, 0, 1)  # [sequence, frame, neuron]
        activity, slope = (part.reshape(n_frames, N) for part in (y[:, :-1], torch.diff(y, dim=1) / dt))
        frames = Frames(activity, slope, light.reshape(n_frames, -1), torch.arange(0, n_frames, length))
        return SimpleNamespace(truth=truth, net=net, frames=frames, dt=dt)

    return make


def drawn(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def moved(net, tied, x, made, begin, held):
    tied.put(net, x)
    return FrameMap(net, reach(made.frames, made.dt), made.dt, finer=4)(begin, held)


def a_frame(made):
    sequences = Sequences.of(made.net, made.frames, made.dt)
    return sequences.recorded[5], sequences.external[5]


def test_the_sensitivity_is_what_a_small_change_of_the_parameters_does(coarse):
    made = coarse(n_frames=300, n_sequences=10)
    tied = TiedParameters(pools_of_one(made.net), made.net.edge_index[1])
    begin, held = a_frame(made)
    x = tied.of(made.net)
    change = 1e-4 * drawn(1, x.shape)[0] * x.abs()
    law = FrameMap(made.net, reach(made.frames, made.dt), made.dt, finer=4)
    found = FrameSensitivity(made.net, law, begin, held).forward(*tied.expanded(change))
    seen = (
        moved(made.net, tied, x + change, made, begin, held) - moved(made.net, tied, x - change, made, begin, held)
    ) / 2
    assert float((found - seen).abs().max()) < 0.02 * float(seen.abs().max())


@pytest.mark.parametrize("dense", [True, False])
def test_the_adjoint_is_the_transpose(coarse, monkeypatch, dense):
    monkeypatch.setattr("hydra_llm.families.flyvis.fitting.frame_sensitivity._DENSE", 100 if dense else 0)
    made = coarse(n_frames=300, n_sequences=10)
    begin, held = a_frame(made)
    law = FrameMap(made.net, reach(made.frames, made.dt), made.dt)
    flow = FrameSensitivity(made.net, law, begin, held)
    *parts, weight = drawn(2, len(made.net.W), N, N, begin.shape)
    forward = float((flow.forward(*parts) * weight).sum())
    backward = sum(float((part * by).sum()) for part, by in zip(parts, flow.adjoint(weight), strict=True))
    assert forward == pytest.approx(backward, rel=1e-9)


def test_settled_parameters_are_turned_as_a_small_change_turns_them(coarse):
    made = coarse(n_frames=300, n_sequences=10)
    tied = TiedParameters(pools_of_one(made.net), made.net.edge_index[1])
    x = tied.of(made.net)
    y, (change, gradient) = tied.settled(x), drawn(3, x.shape, x.shape)
    torch.testing.assert_close(tied.of_settled(y), x)
    seen = (tied.of_settled(y + 1e-6 * change) - tied.of_settled(y - 1e-6 * change)) / 2e-6
    torch.testing.assert_close(tied.turned(x, change), seen, rtol=1e-6, atol=1e-6)
    both = tied.turned(x, change) @ gradient, tied.turned_back(x, gradient) @ change
    torch.testing.assert_close(*both)
    rows = tied.pools.rows(3)[0]
    torch.testing.assert_close(tied.turning(x, 3) @ change[rows], tied.turned(x, change)[rows])


@pytest.mark.parametrize(
    ("keys", "slow"), [({}, True), ({"dt": 0.02}, False), ({"dt": 0.02, "process": 0.01, "measurement": 0.3}, False)]
)
def test_slow_frames_are_told_from_fast_ones_and_from_measurement_noise(coarse, make_graph_net, keys, slow):
    made = coarse(**keys)
    net = make_graph_net(made.truth, message_form="relu")
    ClosedForm("evidence", 1e-4, None, lambda: made.frames).apply(net, made.frames)
    law = FrameMap(net, reach(made.frames, made.dt), made.dt)
    sequences = Sequences.of(net, made.frames, made.dt)
    errors = filtered(law, sequences, torch.ones(N, dtype=torch.float64)).moments()
    assert are_slow(law, errors, made.dt) is slow


def test_a_gauss_newton_step_that_gains_nothing_leaves_the_network_as_it_is(coarse):
    made = coarse(n_frames=600)
    slow = SlowFrames.of(made.net, pools_of_one(made.net), made.frames, made.dt, 4000, 0.0)

    def law():
        return FrameMap(made.net, reach(made.frames, made.dt), made.dt)

    gains = [slow.newton(law()) for _ in range(6)]
    assert gains[0] > 10
    assert all(gained < 1 for gained in gains[-2:])
    settled = made.net.W.detach().clone()
    torch.testing.assert_close(slow.newton(law()), 0.0, rtol=0, atol=1)
    torch.testing.assert_close(made.net.W.detach(), settled, rtol=0, atol=0.02)


def test_slow_frames_give_the_weights_of_their_law(coarse, make_graph_net):
    made = coarse()
    net = make_graph_net(made.truth, message_form="relu")
    solution = ClosedForm("evidence", 1e-4, None, lambda: made.frames)
    solution.apply(net, made.frames)
    before = score(net, made.truth)
    phase = FlowPhase(solution, None, 8, None, made.dt, RoundState())
    optimizer = phase.optimizer(net)
    logged = [phase.run(k, net, made.frames, optimizer, optimizer.step) for k in range(8)]
    assert phase.state.slow
    assert logged[-1]["prediction_error"] == pytest.approx(0.05, rel=0.05)
    assert before < 0.5
    assert score(net, made.truth) > 0.9


def score(net, truth):
    heard = truth.edge_index[0] < 18  # the last two never rise above 0
    return identity_r2(net.W.detach().numpy()[heard], truth.W.numpy()[heard])
