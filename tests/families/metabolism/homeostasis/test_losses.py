"""Terms of the phase-2 objective."""

import pytest
import torch
from homeostasis_world import BASELINE, DELTA_T, RATE, TYPES

from hydra_llm.families.metabolism.homeostasis.contrastive import ContrastiveLoss, response_similarity
from hydra_llm.families.metabolism.homeostasis.losses import (
    OffsetPenalty,
    ResidualError,
    RolloutError,
    residual_size,
)
from hydra_llm.families.metabolism.homeostasis.submodels import Amplified, DetachedReaction, WithInput, scale_output
from hydra_llm.training.strategy import Batch, FitStep

START = torch.tensor([0, 40, 90])
STEP = FitStep(0, 1, torch.Generator(), configured=lambda: torch.zeros(()))


class TrueResponse:
    """The net's reactions with the true homeostasis."""

    def __init__(self, net, factor=1.0):
        self.net, self.factor, self.embedding = net, factor, net.embedding

    def reaction(self, c, external):
        return self.net.reaction(c, external)

    def node(self, c, external):
        return -self.factor * RATE * (c - BASELINE)


def test_the_fixture_knows_its_reactions(net, world):
    c = world.frames.activity
    assert torch.allclose(net.reaction(c, None) + world.homeostasis(c), world.frames.target, atol=1e-12)


@pytest.mark.parametrize("length", [1, 8, 32])
@pytest.mark.parametrize("power", [0.0, 2.0])
def test_a_rollout_with_the_true_response_has_no_error(net, world, length, power):
    term = RolloutError(1.0, power)
    assert term.loss(TrueResponse(net), Batch.of(world.frames, START, length, DELTA_T), STEP) < 1e-20


def test_the_error_of_a_flat_response_is_about_one(net, world):
    unit = residual_size(net, world.frames)
    sample = Batch.of(world.frames, torch.arange(0, 120), 8, DELTA_T)
    assert 0.3 < RolloutError(unit, 0.0).loss(net, sample, STEP).item() < 3
    assert ResidualError(unit).loss(
        net, Batch.of(world.frames, torch.arange(160), 0, DELTA_T), STEP
    ).item() == pytest.approx(1)


class WrongAtTheEnd(TrueResponse):
    """Leaves the true response in the last of eight steps."""

    calls = 0

    def node(self, c, external):
        self.calls += 1
        return super().node(c, external) * (1 if self.calls < 8 else 2)


def test_a_position_weight_multiplies_the_error_of_its_position(net, world):
    sample = Batch.of(world.frames, START, 8, DELTA_T)
    flat, late = (RolloutError(1.0, power).loss(WrongAtTheEnd(net), sample, STEP).item() for power in (0.0, 3.0))
    # only position 8 contributes, with weight 1 or 8^3, over the error of a constant wrong drift
    expected = 8**3 * sum(k**2 for k in range(1, 9)) / sum(k**5 for k in range(1, 9))
    assert late / flat == pytest.approx(expected)
    assert expected > 1.6


def test_the_residual_is_what_the_reactions_leave_over(net, world):
    sample = Batch.of(world.frames, torch.arange(160), 0, DELTA_T)
    assert ResidualError(1.0).loss(TrueResponse(net), sample, STEP) < 1e-20
    half = ResidualError(1.0).loss(TrueResponse(net, factor=0.5), sample, STEP)
    assert half == pytest.approx(float((0.5 * world.homeostasis(world.frames.activity)).pow(2).mean()))


def test_residual_supervision_asks_nothing_of_the_reactions(net, world):
    ResidualError(1.0).loss(net, Batch.of(world.frames, START, 0, DELTA_T), STEP).backward()
    assert net.log_k.grad is None
    assert net.node_func.net[-1].bias.grad is not None


def test_the_offset_penalty_sees_the_response_at_its_concentration_only(net, world):
    term = OffsetPenalty(coeff=2.0, at=5.0, unit=1.0, external=None)
    sample = Batch.of(world.frames, START, 1, DELTA_T)
    expected = 2 * (RATE * (5 - BASELINE)).pow(2).mean()
    assert term.loss(TrueResponse(net), sample, STEP) == pytest.approx(float(expected))
    assert expected > 0  # the truth itself is punished: the bias that the docstring warns of


# ---- views ----


def test_amplification_multiplies_the_response_and_nothing_else(net, world):
    c = world.frames.activity[:5]
    scale_output(net, 1.0)
    torch.nn.init.ones_(net.node_func.net[-1].bias)
    view = Amplified(WithInput(net), 50.0)
    assert torch.equal(view.node(c, None), 50 * net.node(c, None))
    assert torch.equal(view.reaction(c, None), net.reaction(c, None))


def test_dividing_the_output_layer_undoes_an_amplification(net, world):
    torch.nn.init.normal_(net.node_func.net[-1].weight, generator=torch.Generator().manual_seed(0))
    c = world.frames.activity[:5]
    before = net.node(c, None)
    scale_output(net, 1 / 50)
    assert torch.allclose(Amplified(WithInput(net), 50.0).node(c, None), before, rtol=1e-12)


def test_a_detached_reaction_keeps_the_value_and_drops_the_path_through_the_jacobian(net, world):
    torch.nn.init.normal_(net.node_func.net[-1].weight, generator=torch.Generator().manual_seed(0))
    sample, term = Batch.of(world.frames, START, 6, DELTA_T), RolloutError(1.0, 0.0)
    gradients = []
    for view in (WithInput(net), DetachedReaction(WithInput(net))):
        net.zero_grad()
        loss = term.loss(view, sample, STEP)
        loss.backward()
        gradients.append((loss.item(), net.node_func.net[-1].weight.grad.clone(), net.log_k.grad))
    assert gradients[0][0] == gradients[1][0]
    assert not torch.allclose(gradients[0][1], gradients[1][1])
    assert gradients[0][2] is not None
    assert gradients[1][2] is None


# ---- contrastive ----


def test_similarity_tells_the_two_kinds_of_response_apart():
    grid = torch.linspace(1, 9, 20, dtype=torch.float64)
    curves = -RATE[:, None] * (grid - BASELINE[:, None])
    similar = response_similarity(curves)
    same = TYPES[:, None] == TYPES
    assert similar[same].min() > 0.99
    assert similar[~same].max() < -0.99


def test_similarity_of_equal_responses_is_zero_everywhere():
    assert (response_similarity(torch.ones(4, 20, dtype=torch.float64)) == 0).all()


def test_contrastive_descent_separates_metabolites_that_respond_differently(net, world):
    term = ContrastiveLoss(lambda_contrastive=1.0, margin=1.0, low=1.0, high=9.0, external=None)
    view, sample = TrueResponse(net), Batch.of(world.frames, START, 1, DELTA_T)
    optimizer = torch.optim.Adam([net.embedding.a], lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        term.loss(view, sample, STEP).backward()
        optimizer.step()
    a = net.embedding.a.detach()
    distance = torch.cdist(a, a)
    same = TYPES[:, None] == TYPES
    assert distance[same].max() < 0.2 * distance[~same].min()


def test_contrastive_loss_moves_embeddings_only_and_scales_with_lambda(net, world):
    torch.nn.init.normal_(net.node_func.net[-1].weight, generator=torch.Generator().manual_seed(0))
    sample = Batch.of(world.frames, START, 1, DELTA_T)
    one, three = (
        ContrastiveLoss(weight, 1.0, 1.0, 9.0, None).loss(WithInput(net), sample, STEP) for weight in (1.0, 3.0)
    )
    assert three.item() == pytest.approx(3 * one.item())
    one.backward()
    assert net.embedding.a.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in net.node_func.parameters())
