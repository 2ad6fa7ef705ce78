"""A recording that passes through memory in parts is fitted as one that memory holds."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data.windows import FrameParts, Frames  # noqa: E402
from hydra_llm.families.flyvis.fitting import innovations  # noqa: E402
from hydra_llm.families.flyvis.fitting.closed_form import ClosedForm  # noqa: E402
from hydra_llm.families.flyvis.fitting.corrected_frames import CorrectedFrames  # noqa: E402
from hydra_llm.families.flyvis.fitting.flow import FlowPhase  # noqa: E402
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap  # noqa: E402
from hydra_llm.families.flyvis.fitting.innovations import reach  # noqa: E402
from hydra_llm.families.flyvis.fitting.round_state import RoundState  # noqa: E402

LENGTHS = (40, 25, 40, 40, 15)
SETTLED = (30, 19, 30, 30, 12)  # without the first ten frames, or a quarter, where the gain is below 1


@pytest.fixture
def recorded(make_graph_frames, make_graph_net):
    """Frames in sequences of unequal length, and a network near their law."""
    truth = make_graph_frames(n_neurons=20, n_frames=sum(LENGTHS), noise=0.1)
    starts = torch.tensor([0, *LENGTHS[:-1]]).cumsum(0)
    frames = truth.frames._replace(sequence_start=starts)
    net = make_graph_net(truth, message_form="relu")
    ClosedForm("evidence", 1e-4, None, lambda: frames).apply(net, frames)
    return net, frames, truth.delta_t


def in_groups(monkeypatch, n_sequences):
    monkeypatch.setattr(innovations, "SIDE_BY_SIDE", n_sequences * max(LENGTHS) * 20)


def corrected(recorded, every=1):
    net, frames, dt = recorded
    gain = torch.full((20,), 0.7, dtype=torch.float64)
    return CorrectedFrames(net, FrameMap(net, reach(frames, dt), dt), frames, gain, dt, every)


@pytest.mark.parametrize("n_sequences", [1, 2, 4])
def test_a_filter_of_some_sequences_at_a_time_gives_the_same_frames_and_errors(recorded, monkeypatch, n_sequences):
    whole, moments = corrected(recorded).all.collected(), corrected(recorded).moments
    in_groups(monkeypatch, n_sequences)
    grouped = corrected(recorded)
    assert len(list(grouped.all.parts())) == -(-len(LENGTHS) // n_sequences)
    found = grouped.all.collected()
    torch.testing.assert_close(found.activity, whole.activity, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.target, whole.target, rtol=0, atol=1e-9)
    assert torch.equal(found.external, whole.external)
    torch.testing.assert_close(grouped.moments.variance(), moments.variance())
    torch.testing.assert_close(grouped.moments.correlation(), moments.correlation())


@pytest.mark.parametrize("n_sequences", [1, 4])
def test_every_second_sequence_gives_the_frames_that_these_have_among_all(recorded, monkeypatch, n_sequences):
    whole = corrected(recorded).all.collected()
    in_groups(monkeypatch, n_sequences)
    found = corrected(recorded, every=2).all
    first = [sum(SETTLED[:k]) for k in range(len(SETTLED))]
    index = torch.cat([torch.arange(first[k], first[k] + SETTLED[k]) for k in (0, 2, 4)])
    assert found.n_frames == len(index)
    for name in ("activity", "target", "external"):
        torch.testing.assert_close(getattr(found.collected(), name), getattr(whole, name)[index], rtol=0, atol=1e-9)


def test_what_a_filter_has_not_forgotten_of_its_first_measurement_is_left_out(recorded):
    net, frames, dt = recorded
    law = FrameMap(net, reach(frames, dt), dt)
    trusting = CorrectedFrames(net, law, frames, torch.ones(20, dtype=torch.float64), dt).all.collected()
    settled = corrected(recorded).all.collected()
    kept = torch.cat(
        [torch.arange(LENGTHS[k] - SETTLED[k], LENGTHS[k]) + sum(LENGTHS[:k]) for k in range(len(LENGTHS))]
    )
    assert len(trusting.activity) == sum(LENGTHS)  # every measurement is the state
    assert torch.equal(settled.external, trusting.external[kept])


def test_rounds_of_prediction_errors_end_at_the_same_parameters(recorded, monkeypatch):
    def fitted():
        net, frames, dt = copy.deepcopy(recorded[0]), *recorded[1:]
        phase = FlowPhase(ClosedForm("evidence", 1e-4, 90, lambda: frames), None, 3, None, dt, RoundState())
        optimizer = phase.optimizer(net)
        logged = [phase.run(k, net, frames, optimizer, optimizer.step) for k in range(3)]
        assert phase.state.unexplained == logged[-1]["closed_form_loss"]
        return net, phase.state.gain, logged[-1]

    whole, gain, logged = fitted()
    in_groups(monkeypatch, 2)
    parts, parts_gain, parts_logged = fitted()
    torch.testing.assert_close(parts.W, whole.W, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(parts.lin_phi.tau, whole.lin_phi.tau, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(parts_gain, gain, rtol=1e-7, atol=1e-9)
    assert parts_logged == pytest.approx(logged, rel=1e-6)


def test_a_recording_of_one_group_is_filtered_once(recorded, monkeypatch):
    calls = []
    original = innovations.filtered
    monkeypatch.setattr(
        "hydra_llm.families.flyvis.fitting.corrected_frames.filtered", lambda *a: calls.append(1) or original(*a)
    )
    found = corrected(recorded)
    found.all.collected()
    found.all.collected()
    assert found.moments is not None
    assert len(calls) == 1


@pytest.mark.parametrize("n_chosen", [1, 7, 100, None])
@pytest.mark.parametrize("most", [3, 100])
def test_evenly_spaced_frames_are_the_same_out_of_parts(most, n_chosen):
    activity = torch.arange(50.0)[:, None]
    frames = Frames(activity, 2 * activity, None)
    expected, found = frames.spread(n_chosen), FrameParts.of(frames, most).spread(n_chosen)
    assert found.n_frames == expected.n_frames
    assert torch.equal(found.collected().activity, expected.activity)
    assert torch.equal(found.collected().target, expected.target)


def test_the_reach_of_a_recording_holds_the_states_after_the_last_frames():
    frames = Frames(
        torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([[1.0], [-70.0], [10.0]]), None, torch.tensor([0, 2])
    )
    assert reach(frames, 0.1) == pytest.approx((-6.0, 6.0))
