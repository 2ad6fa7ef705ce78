"""The phases of a flyvis fit on a random network of 40 neurons."""

import copy
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data.windows import Frames  # noqa: E402
from hydra_llm.families.flyvis.config import FlyvisTraining  # noqa: E402
from hydra_llm.families.flyvis.fitting.adam import StagedPhase, learning_rates, stages_of  # noqa: E402
from hydra_llm.families.flyvis.fitting.closed_form import ClosedFormPhase  # noqa: E402
from hydra_llm.families.flyvis.fitting.projection import MessageProjectionPhase  # noqa: E402
from hydra_llm.families.flyvis.fitting.regularisers import KINDS  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402
from hydra_llm.training.recovery import unexplained_variance  # noqa: E402
from hydra_llm.training.snapshots import Snapshots  # noqa: E402

KEYS = {
    "seed": 0,
    "n_epochs": 1,
    "noise_model_level": 0.0,
    "batch_size": 4,
    "learning_rate_W_start": 0.01,
    "learning_rate_start": 0.003,
    "learning_rate_embedding_start": 0.004,
    "alternate_lr_W": 1e-4,
    "alternate_lr_edge": 2e-4,
    "alternate_lr_update": 3e-4,
    "alternate_lr_embedding": 4e-4,
    **dict.fromkeys(KINDS, 0.0),
}
ALTERNATING = {"alternate_training": True}


def run(phase, net, frames):
    optimizer = phase.optimizer(net)
    return [phase.run(k, net, frames, optimizer, optimizer.step) for k in range(phase.n_intervals)]


def training(**keys):
    return FlyvisTraining(**{**KEYS, **keys})


def data(frames, validation=None, delta_t=0.02):
    return SimpleNamespace(delta_t=delta_t, frames={"train": frames, "validation": validation}.__getitem__)


def closed_form(frames, validation=None, **keys):
    return ClosedFormPhase.of(training(closed_form_strength=1e-6, **keys), data(frames, validation))


def staged(frames, snapshots=None, **keys):
    return StagedPhase.of(training(**keys), data(frames), Snapshots() if snapshots is None else snapshots)


def stages(n_frames=100, **keys):
    return stages_of(training(**ALTERNATING, **keys), n_frames)


def projection(**keys):
    settings = {
        "ridges": [1e-3, 1e-6],
        "iterations": 30,
        "n_starts": 2,
        "screening_iterations": 10,
        "n_frames": 600,
        "n_nodes": 200,
    }
    return MessageProjectionPhase(**{**settings, **keys}, generator=stream(0, "model_init/starts"))


def recovered(net, truth):
    """Largest error of W over loud sources, after the scale of the message, and of tau."""
    grid = torch.linspace(0.5, 2, 50, dtype=torch.float64)[:, None].expand(-1, net.n_neurons)
    with torch.no_grad():
        g = net.message(grid)
        scale = ((g - g.mean(0)) * (grid - grid.mean(0))).sum(0) / (grid - grid.mean(0)).square().sum(0)
        loud = truth.edge_index[0] < net.n_neurons - 2
        W = (net.W * scale[truth.edge_index[0]])[loud]
        error = (W - truth.W[loud]).square().mean() / truth.W[loud].square().mean()
        return 1 - float(error), float((net.lin_phi.tau / truth.tau - 1).abs().max())


def test_with_a_known_message_one_closed_form_is_the_whole_fit(make_graph_frames, make_graph_net):
    truth = make_graph_frames()
    net = make_graph_net(truth, message_form="relu")
    logged = run(closed_form(truth.frames), net, truth.frames)
    assert logged[0]["closed_form_loss"] < 1e-8
    W_R2, tau_error = recovered(net, truth)
    assert W_R2 > 0.9999
    assert tau_error < 1e-3


@pytest.mark.parametrize("ridge", ["pooled", "evidence", "validation", "fixed"])
def test_every_way_to_choose_the_ridge_fits_clean_data(make_graph_frames, make_graph_net, ridge):
    truth = make_graph_frames()
    net = make_graph_net(truth, message_form="relu")
    validation = truth.frames.at(slice(0, 500))
    assert (
        run(closed_form(truth.frames, validation, closed_form_ridge=ridge), net, truth.frames)[0]["closed_form_loss"]
        < 1e-4
    )


def test_projection_and_closed_form_recover_the_law_with_the_message_unknown(make_graph_frames, make_graph_net):
    truth = make_graph_frames()
    net = make_graph_net(truth)
    assert recovered(net, truth)[0] < 0.5
    run(projection(), net, truth.frames)
    run(closed_form(truth.frames), net, truth.frames)
    W_R2, tau_error = recovered(net, truth)
    assert W_R2 > 0.99
    assert tau_error < 0.05


def test_projection_also_finds_messages_that_differ_between_neurons(make_graph_frames, make_graph_net):
    truth = make_graph_frames()
    net = make_graph_net(truth, embedding_dim=2, edge_embedding=True)
    embedding = net.embedding.a.detach().clone()
    run(projection(n_starts=1), net, truth.frames)
    assert not torch.equal(net.embedding.a, embedding)
    assert float(unexplained_variance(net, truth.frames)) < 0.01


def test_under_noise_the_message_is_looked_for_on_more_frames():
    frames = {share: projection(n_frames=600).frames_under(share, 1000) for share in (0.0, 0.5, 0.75, 0.9, 1.0)}
    assert frames == {0.0: 600, 0.5: 600, 0.75: 1800, 0.9: 3000, 1.0: 3000}
    assert projection(n_frames=None).frames_under(0.9, 1000) is None


def test_in_a_large_eye_the_frames_of_the_settings_tell_enough_whatever_the_noise():
    assert projection(n_frames=600).frames_under(0.9, 4000) == 1250
    assert projection(n_frames=600).frames_under(0.9, 13_741) == 600


def test_the_gradient_of_the_reduced_loss_needs_no_derivative_of_the_solve(make_graph_frames, make_graph_net):
    truth = make_graph_frames(n_neurons=12, n_frames=200)
    net = make_graph_net(truth, activation="tanh")
    problem = projection(n_frames=None, n_nodes=60).problem(net, truth.frames)
    problem.evaluate(net, 1e-2).loss.backward()
    weight = net.lin_edge.mlp.net[0].weight
    analytic = weight.grad.clone()
    for place in [(0, 0), (7, 0)]:
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[place] += sign * 1e-5
                values.append(float(problem.evaluate(net, 1e-2).loss.detach()))
                weight[place] -= sign * 1e-5
        assert (values[0] - values[1]) / 2e-5 == pytest.approx(analytic[place].item(), rel=1e-4, abs=1e-9)


def test_a_closed_form_of_a_generic_update_is_refused(make_graph_frames, make_graph_net, published_form):
    truth = make_graph_frames(n_frames=50)
    net = make_graph_net(truth, **published_form)
    for phase in (closed_form(truth.frames), projection()):
        with pytest.raises(ValueError, match="update_form=relaxation, got GenericUpdate"):
            phase.optimizer(net)


def test_a_known_message_cannot_be_projected(make_graph_frames, make_graph_net):
    truth = make_graph_frames(n_frames=50)
    with pytest.raises(ValueError, match="no message function to project"):
        projection().optimizer(make_graph_net(truth, message_form="relu"))


@pytest.mark.parametrize("form", ["relaxation", "published"])
def test_adam_lowers_the_loss(make_graph_frames, make_graph_net, published_form, form):
    truth = make_graph_frames()
    net = make_graph_net(truth, **(published_form if form == "published" else {}))
    before = float(unexplained_variance(net, truth.frames))
    phase = staged(truth.frames, max_steps=300, learning_rate_W_start=0.02, learning_rate_start=0.01)
    logged = run(phase, net, truth.frames)
    assert len(logged) == phase.n_intervals == 20
    assert float(unexplained_variance(net, truth.frames)) < 0.6 * before


def test_an_epoch_alternates_and_spends_the_share_that_is_asked_for_on_v_rest():
    found = stages(n_epochs=2, max_steps=200, alternate_vrest_ratio=0.3)
    assert [stage.phase for stage in found] == ["W", "V_rest"] * 8
    assert [stage.epoch for stage in found] == [0] * 8 + [1] * 8
    assert sum(stage.n_steps for stage in found) == 200
    assert sum(stage.n_steps for stage in found if stage.phase == "V_rest") == pytest.approx(60, abs=4)


@pytest.mark.parametrize(("ratio", "left"), [(0.0, "W"), (1.0, "V_rest")])
def test_a_share_of_zero_or_one_leaves_one_kind_of_phase(ratio, left):
    assert {stage.phase for stage in stages(max_steps=40, n_alternations=2, alternate_vrest_ratio=ratio)} == {left}


def test_alternation_without_a_cycle_or_with_a_share_above_one_is_refused():
    with pytest.raises(ValueError, match="n_alternations must be at least 1, got 0"):
        stages(max_steps=40, n_alternations=0)
    with pytest.raises(ValueError, match=r"alternate_vrest_ratio must be between 0 and 1, got 1\.5"):
        stages(max_steps=40, alternate_vrest_ratio=1.5)


def test_ratios_are_shares_of_the_active_rates_of_what_rests():
    ratio = training(alternate_lr_unit="ratio", alternate_lr_W=0.5, alternate_lr_update=0.1)
    assert learning_rates(ratio, "V_rest")["W"] == 0.5 * 0.01
    assert learning_rates(ratio, "W")["W"] == 0.01
    assert learning_rates(ratio, "W")["update"] == 0.1 * 0.003
    assert learning_rates(ratio, "joint") == learning_rates(training(), "joint")


@pytest.mark.parametrize(("ratio", "phase"), [(0.0, "W"), (1.0, "V_rest")])
def test_in_each_phase_every_part_learns_at_its_own_rate(
    make_graph_frames, make_graph_net, published_form, ratio, phase
):
    """Adam moves a parameter by its learning rate in the first step."""
    truth = make_graph_frames(n_frames=100)
    net = make_graph_net(truth, **published_form)
    before = {name: [p.detach().clone() for p in values] for name, values in net.parts().items()}
    keys = training(**ALTERNATING, max_steps=1, n_alternations=1, alternate_vrest_ratio=ratio)
    run(StagedPhase.of(keys, data(truth.frames), Snapshots()), net, truth.frames)
    rates = learning_rates(keys, phase)
    assert set(before) == {"W", "edge", "update", "embedding"}
    for name, values in net.parts().items():
        moved = max(float((p.detach() - q).abs().max()) for p, q in zip(values, before[name], strict=True))
        assert moved == pytest.approx(rates[name], rel=0.01)


def test_snapshots_name_their_phase_and_hold_the_parameters_of_their_time(make_graph_frames, make_graph_net):
    truth = make_graph_frames(n_frames=100)
    net, snapshots = make_graph_net(truth), Snapshots()
    phase = staged(truth.frames, snapshots, **ALTERNATING, max_steps=80, n_alternations=2)
    run(phase, net, truth.frames)
    assert [s.iteration for s in snapshots.taken] == [4 * k for k in range(1, 21)]
    assert [s.phase for s in snapshots.taken] == (["W"] * 5 + ["V_rest"] * 5) * 2
    assert torch.equal(snapshots.taken[-1].state["W"], net.W)
    assert not torch.equal(snapshots.taken[0].state["W"], net.W)


def test_a_staged_phase_that_was_interrupted_has_its_snapshots_and_its_order_back(make_graph_frames, make_graph_net):
    truth = make_graph_frames(n_frames=100)

    def fresh():
        net = make_graph_net(truth)
        phase = staged(truth.frames, max_steps=20)
        return net, phase, phase.optimizer(net)

    net, phase, optimizer = fresh()
    for k in range(10):
        phase.run(k, net, truth.frames, optimizer, optimizer.step)
    saved = copy.deepcopy((phase.state_dict(), net.state_dict(), optimizer.state_dict()))
    other, resumed, its_optimizer = fresh()
    resumed.load_state_dict(saved[0])
    other.load_state_dict(saved[1])
    its_optimizer.load_state_dict(saved[2])
    assert len(resumed.snapshots.taken) == 10
    for k in range(10, 20):
        phase.run(k, net, truth.frames, optimizer, optimizer.step)
        resumed.run(k, other, truth.frames, its_optimizer, its_optimizer.step)
    assert torch.equal(other.W, net.W)


def test_the_closed_form_can_be_taken_on_the_way(make_graph_frames, make_graph_net):
    """A W that gradients cannot move still fits, because it is solved."""
    truth = make_graph_frames()
    left = {}
    for interval in (0, 20):
        net = make_graph_net(truth)
        phase = staged(truth.frames, max_steps=40, learning_rate_W_start=0.0, closed_form_interval=interval)
        run(phase, net, truth.frames)
        left[interval] = float(unexplained_variance(net, truth.frames))
    assert left[20] < 0.1 * left[0]


def test_a_rollout_stays_within_a_sequence(make_graph_frames, make_graph_net):
    """Sequences of 10 frames: a rollout of 9 has one start in each, and one of 10 none."""
    truth = make_graph_frames(n_frames=40)
    frames = Frames(*truth.frames[:3], sequence_start=torch.arange(0, 40, 10))
    assert frames.rollout_starts(9).tolist() == [0, 10, 20, 30]
    net = make_graph_net(truth)
    run(staged(frames, max_steps=2, time_step=9), net, frames)
    with pytest.raises(ValueError, match="does not fit"):
        run(staged(frames, max_steps=2, time_step=10), net, frames)
