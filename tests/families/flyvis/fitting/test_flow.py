"""Prediction errors: a law from coarse frames and noisy recordings of a random network of 20 neurons."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.estimation.differences import Difference  # noqa: E402
from hydra_llm.estimation.flow import Flow  # noqa: E402
from hydra_llm.families.flyvis.config import FlyvisTraining  # noqa: E402
from hydra_llm.families.flyvis.fit import predicts  # noqa: E402
from hydra_llm.families.flyvis.fitting import flow  # noqa: E402
from hydra_llm.families.flyvis.fitting.closed_form import ClosedForm  # noqa: E402
from hydra_llm.families.flyvis.fitting.flow import FlowPhase, prediction_error  # noqa: E402
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap  # noqa: E402
from hydra_llm.families.flyvis.fitting.innovations import Sequences, corrected, filtered, reach  # noqa: E402
from hydra_llm.families.flyvis.fitting.round_state import RoundState  # noqa: E402
from hydra_llm.metrics.scores import identity_r2  # noqa: E402


def fitted(recorded, make_graph_net, rounds):
    net = make_graph_net(recorded.truth, message_form="relu")
    solution = ClosedForm("evidence", 1e-4, None, lambda: recorded.frames)
    solution.apply(net, recorded.frames)
    phase = FlowPhase(solution, None, rounds, None, recorded.dt, RoundState())
    optimizer = phase.optimizer(net)
    before = scores(net, recorded.truth)
    logged = [phase.run(k, net, recorded.frames, optimizer, optimizer.step) for k in range(rounds)]
    return before, scores(net, recorded.truth), logged


def scores(net, truth):
    heard = truth.edge_index[0] < 18  # the last two never rise above 0
    W = identity_r2(net.W.detach().numpy()[heard], truth.W.numpy()[heard])
    return W, float((net.lin_phi.tau.detach() / truth.tau - 1).abs().median())


@pytest.mark.parametrize("frames", [1, 5])
def test_a_frame_of_the_map_is_many_small_steps_however_long_it_is(frames, recorded_network):
    made = recorded_network(process=0.0, n_frames=60, n_sequences=3)
    sequences = Sequences.of(made.net, made.frames, made.dt)
    x, held = sequences.recorded[5], sequences.external[5]
    between, delta_t = reach(made.frames, made.dt), frames * made.dt
    exact = FrameMap(made.net, between, delta_t)(x, held)
    fine = FrameMap(made.net, between, delta_t, substeps=1000 * frames)(x, held)
    coarse = FrameMap(made.net, between, delta_t, substeps=frames)(x, held)
    assert float((exact - fine).abs().max()) < 2e-3 * float((fine - x).abs().max())
    assert float((coarse - fine).abs().max()) > 20 * float((exact - fine).abs().max())


def test_the_true_law_is_asked_for_no_change(recorded_network):
    made = recorded_network()
    sequences = Sequences.of(made.net, made.frames, made.dt)
    law, gain = FrameMap(made.net, reach(made.frames, made.dt), made.dt), torch.ones(20, dtype=torch.float64)
    found = filtered(law, sequences, gain)
    torch.testing.assert_close(sequences.in_order(found.state), made.frames.activity, rtol=0, atol=1e-9)
    assert float(found.moments().variance().sqrt().mean()) == pytest.approx(0.05, rel=0.05)
    assert float(found.moments().correlation().abs().max()) < 0.15
    target = corrected(law, sequences, found, gain, made.frames)
    bias = (target.target - made.net(target.activity, target.external)).mean(0).detach()
    assert float(bias.abs().median()) < 3 * 0.05 / made.dt / 1500**0.5


def test_rounds_remove_the_bias_of_coarse_frames(recorded_network, make_graph_net):
    before, after, _ = fitted(recorded_network(n_frames=4500), make_graph_net, 6)
    assert after[0] > before[0]
    assert after[1] < 0.3 * before[1]


def test_without_noise_the_rounds_end_below_the_error_of_two_steps_per_frame(recorded_network, make_graph_net):
    """Steps of the map become finer as soon as errors are too small for noise."""
    made = recorded_network(process=0.0, n_frames=3000, n_sequences=60)
    before, after, logged = fitted(made, make_graph_net, 12)
    two = FrameMap(made.net, reach(made.frames, made.dt), made.dt)
    sequences = Sequences.of(made.net, made.frames, made.dt)
    coarse = filtered(two, sequences, torch.ones(20, dtype=torch.float64)).moments().variance().mean().sqrt()
    assert logged[-1]["prediction_error"] < 0.5 * float(coarse)
    assert after[0] > before[0]
    assert after[1] < 0.1 * before[1]


def test_measurement_noise_is_found_in_the_recording_and_its_bias_removed(recorded_network, make_graph_net):
    before, after, logged = fitted(recorded_network(process=0.2, measurement=0.2, n_frames=3000), make_graph_net, 10)
    assert logged[-1]["measurement_noise"] == pytest.approx(0.2, rel=0.2)
    assert after[0] > before[0] + 0.1
    assert after[1] < 0.5 * before[1]


def test_rounds_on_a_part_of_the_sequences_before_two_on_all_remove_it_too(
    recorded_network, make_graph_net, monkeypatch
):
    monkeypatch.setattr(flow, "EARLY_FRAMES", 1500)
    used = []
    original = ClosedForm.apply
    monkeypatch.setattr(ClosedForm, "apply", lambda *a: used.append(a[2].n_frames) or original(*a))
    before, after, _ = fitted(recorded_network(n_frames=4500), make_graph_net, 6)
    first, early, whole = used[:1], used[1:5], used[5:]
    assert (first, len(whole)) == ([4500], 2)
    assert all(1450 <= n <= 1500 for n in early)  # less ten frames of each sequence while a gain is below 1
    assert all(4350 <= n <= 4500 for n in whole)
    assert after[0] > before[0]
    assert after[1] < 0.3 * before[1]


@pytest.mark.parametrize("measurement", [0.0, 0.4])
def test_a_fit_that_was_interrupted_goes_on_as_if_it_had_not_been(recorded_network, make_graph_net, measurement):
    """Where one filter for all neurons has taken over, too (joint_filter)."""
    made = recorded_network(process=0.2, measurement=measurement, n_frames=1500)

    def phase(net):
        return FlowPhase(ClosedForm("pooled", 1e-4, None, lambda: made.frames), None, 6, None, made.dt, RoundState())

    def run(phase, net, rounds):
        optimizer = phase.optimizer(net)
        for k in rounds:
            phase.run(k, net, made.frames, optimizer, optimizer.step)

    through, cut = (make_graph_net(made.truth, message_form="relu") for _ in range(2))
    run(phase(through), through, range(6))
    before, after = phase(cut), phase(cut)
    run(before, cut, range(4))
    assert (before.state.noise is not None) == (measurement > 0)
    after.load_state_dict(before.state_dict())
    run(after, cut, range(4, 6))
    assert torch.equal(cut.W, through.W)


def test_validation_prefers_the_true_law(recorded_network):
    made = recorded_network()
    data = SimpleNamespace(delta_t=made.dt, frames=lambda split: made.frames)
    gain = RoundState(torch.ones(20, dtype=torch.float64))
    loss = prediction_error(data, gain, None)
    right = float(loss(made.net, made.frames))
    with torch.no_grad():
        made.net.W.mul_(0.5)
    assert right < float(loss(made.net, made.frames))


@pytest.mark.parametrize(
    ("keys", "method", "expected"),
    [
        ({}, Flow(), True),
        ({}, Difference("eighth"), False),
        ({}, None, False),  # the oracle derivative
        ({"closed_form": False}, Flow(), False),
        ({"flow_rounds": 0}, Flow(), False),
    ],
)
def test_rounds_need_regressions_on_differences_to_the_next_frame(keys, method, expected):
    training = FlyvisTraining(seed=0, **{"closed_form": True, "flow_rounds": 3, **keys})
    assert predicts(training, SimpleNamespace(method=method)) is expected
