"""Phase 2 of a fit: published, with frozen reactions, and with the rate constants eliminated."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from homeostasis_world import BASELINE, DELTA_T, FRAMES, RATE, TYPES, N

from hydra_llm.families.metabolism.config import HomeostasisTraining
from hydra_llm.families.metabolism.evaluation.homeostasis import Regulation, fit_lines, homeostasis_metrics
from hydra_llm.families.metabolism.homeostasis.amplification import NONE, Amplification
from hydra_llm.families.metabolism.homeostasis.frozen import Frozen
from hydra_llm.families.metabolism.homeostasis.gradient import HomeostasisPhase, published_batches
from hydra_llm.families.metabolism.homeostasis.initialisation import kaiming, silence
from hydra_llm.families.metabolism.homeostasis.losses import ResidualError, RolloutError, residual_size
from hydra_llm.families.metabolism.homeostasis.lr_schedules import Constant, Kick
from hydra_llm.families.metabolism.homeostasis.profiled import ProfiledPhase
from hydra_llm.families.metabolism.homeostasis.rollout_schedules import Fixed
from hydra_llm.metrics.clustering import cluster, cluster_metrics

RATES = {"learning_rate_node_homeostasis": 0.01, "learning_rate_embedding_homeostasis": 0.003}


def training(**keys: Any) -> HomeostasisTraining:
    return HomeostasisTraining(**{"seed": 0, "batch_size": 8, **RATES, **keys})


def phase(**changes: Any) -> HomeostasisPhase:
    plain: dict[str, Any] = {
        "n_batches": 40,
        "training": training(),
        "delta_t": DELTA_T,
        "terms": (RolloutError(0.05, 0.0),),
        "lengths": Fixed(4),
        "amplification": NONE,
        "schedule": Constant(),
        "accumulation": 1,
        "clip": None,
        "detach_reaction": False,
        "monitor_reaction": False,
        "batch_order": torch.Generator().manual_seed(0),
        "noise": torch.Generator().manual_seed(1),
    }
    return HomeostasisPhase(**{**plain, **changes})


def work(net, world, phase):
    """Run all intervals outside Lightning. Returns what was logged last, and how often the optimiser stepped."""
    optimizer, steps = phase.optimizer(net), 0

    def step(closure):
        nonlocal steps
        steps += 1
        optimizer.step(closure)

    logged = {}
    for interval in range(phase.n_intervals):
        logged = phase.run(interval, net, world.frames, optimizer, step)
    return logged, steps


def scores(net, world):
    c = world.frames.activity
    with torch.no_grad():
        lines = fit_lines(c, net.node(c, None), c.var(dim=0))
    return homeostasis_metrics(lines, Regulation.per_type(RATE, BASELINE, TYPES))


def state(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


# ---- published ----


def test_phase_2_moves_the_node_function_and_the_embedding_and_nothing_else(net, world):
    frozen, before = Frozen(net), state(net)
    logged, steps = work(net, world, phase())
    frozen.check()
    moved = {name.split(".")[0] for name, tensor in net.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {"node_func", "embedding"}
    assert steps == 40
    assert logged["phase2_node_magnitude"] > 0
    assert logged["phase2_loss"] == pytest.approx(logged["rollout_loss"])


def test_a_tensor_that_moves_by_one_bit_is_noticed(net):
    frozen = Frozen(net)
    with torch.no_grad():
        net.log_k[3] = torch.nextafter(net.log_k[3], torch.tensor(0.0, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="log_k"):
        frozen.check()


def test_freezing_a_part_that_does_not_exist_is_an_error(net):
    with pytest.raises(ValueError, match="no part"):
        Frozen(net, ("rate_constants",))


@pytest.mark.parametrize(
    ("n_frames", "loop", "batch", "time_step", "expected"),
    [(600, 1000, 8, 32, 1872), (600, 1000, 8, 4, 15000), (2880, 1000, 8, 64, 4500)],
)
def test_batches_are_counted_as_published(n_frames, loop, batch, time_step, expected):
    assert published_batches(n_frames, loop, batch, time_step) == expected


def test_accumulated_batches_make_the_gradient_of_one_large_batch(net, world):
    order = torch.Generator()
    gradients = []
    for accumulation in (1, 4):
        net.zero_grad()
        order.manual_seed(0)
        accumulating = phase(
            accumulation=accumulation, training=training(batch_size=8 // accumulation * 4), batch_order=order
        )
        starts = []
        real = accumulating._starts

        def seen(frames, length, real=real, starts=starts):
            starts.append(real(frames, length))
            return starts[-1]

        object.__setattr__(accumulating, "_starts", seen)
        found = accumulating._accumulate(net, world.frames, 0.0)
        gradients.append((torch.cat(starts), net.node_func.net[-1].weight.grad.clone(), found))
    assert len(gradients[0][0]) == len(gradients[1][0]) == 32
    assert torch.equal(gradients[0][0].sort().values, gradients[1][0].sort().values)
    assert torch.allclose(gradients[0][1], gradients[1][1], rtol=1e-10)


def test_accumulation_steps_once_per_so_many_batches(net, world):
    assert work(net, world, phase(accumulation=4))[1] == 10


def test_a_clipped_gradient_has_at_most_the_chosen_norm(net, world):
    norms = []

    def norm(net):
        parameters = [*net.node_func.parameters(), net.embedding.a]
        return float(torch.stack([p.grad.pow(2).sum() for p in parameters if p.grad is not None]).sum().sqrt())

    for clip in (None, 1e-3):
        clipped = phase(n_batches=1, clip=clip, terms=(RolloutError(1e-4, 0.0),))
        optimizer = clipped.optimizer(net)
        clipped.run(0, net, world.frames, optimizer, lambda closure: norms.append(norm(net)))
    assert norms[0] > 1
    assert norms[1] == pytest.approx(1e-3, rel=1e-3)


def test_a_schedule_sets_both_learning_rates(net, world):
    rates = []
    scheduled = phase(n_batches=10, schedule=Kick(start=10, end=0.1, share=0.1))
    optimizer = scheduled.optimizer(net)

    def step(closure):
        rates.append(tuple(group["lr"] for group in optimizer.param_groups))

    for interval in range(scheduled.n_intervals):
        scheduled.run(interval, net, world.frames, optimizer, step)
    assert rates[0] == pytest.approx((0.1, 0.03))
    assert rates[-1] == pytest.approx((0.001, 0.0003))


def test_amplification_is_divided_out_between_intervals(net, world):
    plain = replace(phase(), amplification=Amplification(start=50, until=1.0))
    optimizer = plain.optimizer(net)
    c = world.frames.activity
    plain.run(0, net, world.frames, optimizer, lambda closure: optimizer.step())
    with torch.no_grad():
        largest = net.node(c, None).abs().max()
    assert largest > 0
    before = net.node(c, None).detach()
    still = replace(plain, training=training(**dict.fromkeys(RATES, 0.0)))
    still.run(1, net, world.frames, still.optimizer(net), lambda closure: None)
    assert torch.allclose(net.node(c, None), before, rtol=1e-9)


def test_reaction_error_is_monitored_without_a_gradient(net, world):
    logged, _ = work(net, world, phase(n_batches=2, detach_reaction=True, monitor_reaction=True))
    expected = world.homeostasis(world.frames.activity).pow(2).mean() / world.frames.target.var(dim=0).mean()
    assert logged["reaction_error"] == pytest.approx(float(expected), rel=0.2)
    assert net.log_k.grad is None


def test_a_rollout_longer_than_the_recording_is_refused(net, world):
    too_long = phase(lengths=Fixed(FRAMES))
    with pytest.raises(ValueError, match="homeostasis_time_step"):
        too_long.run(0, net, world.frames, too_long.optimizer(net), lambda closure: None)


def test_residual_supervision_recovers_slopes_under_exact_reactions(net, world):
    kaiming(net, torch.Generator().manual_seed(0))
    unit = residual_size(net, world.frames)
    supervised = phase(
        n_batches=600,
        training=training(batch_size=64, learning_rate_node_homeostasis=0.02),
        terms=(ResidualError(unit),),
        schedule=Kick(1.0, 0.01, 1.0),
    )
    work(net, world, supervised)
    found = scores(net, world)
    assert found["avg_slope_ratio"] == pytest.approx(1, abs=0.3)
    assert found["slope_score"] > 0.6


# ---- initialisation ----


def test_kaiming_draws_the_hidden_layers_again_and_leaves_the_output_silent(net, world):
    before = state(net)
    torch.nn.init.ones_(net.node_func.net[-1].weight)
    kaiming(net, torch.Generator().manual_seed(0))
    assert not torch.equal(net.node_func.net[0].weight, before["node_func.net.0.weight"])
    assert (net.node(world.frames.activity, None) == 0).all()
    fan_in = net.node_func.net[2].in_features
    assert net.node_func.net[2].weight.std().item() == pytest.approx(5 / 3 * fan_in**-0.5, rel=0.2)


def test_silence_removes_the_straight_lines_of_phase_1(net, world):
    with torch.no_grad():
        net.linear.fill_(3.0)
    silence(net)
    assert (net.homeostasis(world.frames.activity, None) == 0).all()


# ---- profiled and joint ----


def reaction_only(net, world):
    """k of the least-squares fit that knows no homeostasis: what a reaction-only phase 1 ends at."""
    laws = net.laws(world.frames.activity, None).detach()
    columns = (laws[:, None, :] * world.stoichiometry).reshape(-1, laws.shape[1])
    k = torch.linalg.lstsq(columns, world.frames.target.reshape(-1, 1)).solution.ravel()
    with torch.no_grad():
        net.log_k.copy_(k.clamp_min(1e-6).log10())


@pytest.mark.parametrize("joint", [False, True])
def test_eliminating_k_recovers_slopes_types_and_rate_constants(net, world, joint):
    reaction_only(net, world)
    wrong = (net.log_k - world.log_k).abs().max()
    kaiming(net, torch.Generator().manual_seed(0))
    logged, _ = work(net, world, ProfiledPhase(iterations=300, n_frames=None, joint=joint))
    found = scores(net, world)
    for t in (0, 1):
        assert found[f"slope_ratio_{t}"] == pytest.approx(1, abs=0.1)
        assert found[f"offset_ratio_{t}"] == pytest.approx(1, abs=0.1)
    labels = cluster(net.embedding.a.detach(), 2, seed=0)
    assert cluster_metrics(labels, TYPES)["cluster_accuracy"] >= 0.9
    assert logged["phase2_loss"] < 1e-2
    if not joint:
        assert (net.log_k - world.log_k).abs().max() < 0.1 * wrong


def test_profiled_leaves_the_substrate_function_and_joint_moves_it(net, world):
    for joint in (False, True):
        frozen = Frozen(net, ("substrate",)) if not joint else None
        before = state(net)
        work(net, world, ProfiledPhase(iterations=5, n_frames=50, joint=joint))
        moved = {name.split(".")[0] for name, t in net.state_dict().items() if not torch.equal(t, before[name])}
        if frozen is not None:
            frozen.check()
            for parameter in net.substrate.parameters():
                parameter.requires_grad_(True)
            assert moved == {"node_func", "embedding", "log_k"}
        else:
            assert moved == {"node_func", "embedding", "log_k", "substrate"}


def test_reactions_that_no_data_determine_stay_finite(net, world):
    twice = (
        torch.cat([world.stoichiometry, world.stoichiometry[:, :1]], dim=1),
        torch.cat([world.orders, world.orders[:, :1]], dim=1),
    )
    with torch.no_grad():
        net.orders, net.support = twice[1], (twice[0] != 0).double()
        net.S = torch.nn.Parameter(twice[0], requires_grad=False)
        net.incidence = torch.cat([net.incidence, net.incidence[:, :1]], dim=1)
        net.log_k = torch.nn.Parameter(torch.cat([net.log_k, net.log_k[:1]]))
    work(net, world, ProfiledPhase(iterations=3, n_frames=None, joint=False))
    assert torch.isfinite(net.log_k).all()
    assert net.n_metabolites == N
