"""Gauss-Newton on the substrate function: seconds on a dozen metabolites."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from test_reaction_phases import QUICK, STRONG, projection_phase, recovered, run  # noqa: E402

from hydra_llm.families.metabolism.fitting.newton import CurveProblem, NewtonPhase, _directions  # noqa: E402
from hydra_llm.families.metabolism.fitting.reduced import ReactionProblem  # noqa: E402
from hydra_llm.nn.flat_weights import flat, write  # noqa: E402

SLOW = {**STRONG, "use_mass_action": False, "log_k_min": -2.0, "log_k_max": -1.0}  # so little moves that L-BFGS stops


@pytest.fixture
def stopped(make_reaction_frames, make_reaction_net, left_by_l_bfgs):
    """A network that L-BFGS has left, with its frames and system."""
    frames, system = make_reaction_frames(**SLOW)
    net = make_reaction_net(system, frames)
    if not left_by_l_bfgs:
        run(projection_phase(**QUICK), net, frames)
        left_by_l_bfgs.update(copy.deepcopy(net.state_dict()))
    net.load_state_dict(left_by_l_bfgs)
    return net, frames, system


@pytest.fixture(scope="module")
def left_by_l_bfgs():
    """Its state, found once."""
    return {}


def test_the_steps_go_far_below_where_l_bfgs_stops(stopped):
    net, frames, system = stopped
    before = CurveProblem(net, frames, lines=True).loss(net)
    r2 = recovered(net, frames, system)["rate_constants_R2"]
    [logged] = run(NewtonPhase(60, None, lines=True), net, frames)
    assert logged["newton_loss"] < before / 100
    assert recovered(net, frames, system)["rate_constants_R2"] > max(r2, 0.99)


@pytest.mark.parametrize("lines", [True, False])
def test_its_loss_is_that_of_the_projection_without_ridge(stopped, lines):
    net, frames, _ = stopped
    with torch.no_grad():
        reduced = ReactionProblem(net, frames, 1000, lines=lines).evaluate(net, 1e-15)
    assert CurveProblem(net, frames, lines=lines).loss(net) == pytest.approx(float(reduced.loss), rel=1e-3)


def test_a_small_step_lowers_the_loss_as_the_linear_problem_says(stopped):
    net, frames, _ = stopped
    problem = CurveProblem(net, frames, lines=True)
    with torch.no_grad():
        basis, back = _directions(net.substrate, problem._coarse.nodes[:, 0])
        R = problem._triangle(net, basis)
        own, before, start = slice(net.n_reactions, -1), problem.loss(net), flat(net.substrate.mlp)
        downhill = R[own, own].T @ R[own, -1]
        change = 1e-4 * downhill / (basis @ downhill).abs().max()  # log F moves by 1e-4 at most
        write(net.substrate.mlp, start + back @ change)
        left = (R[own, -1] - R[own, own] @ change).square().sum() + R[-1, -1] ** 2
        said = float(left / problem._size) - before
    assert said < 0
    assert problem.loss(net) - before == pytest.approx(said, rel=0.05)


def test_the_directions_are_what_the_weights_do(stopped):
    net, frames, _ = stopped
    x = CurveProblem(net, frames, lines=True)._coarse.nodes[:, 0]
    with torch.no_grad():
        basis, back = _directions(net.substrate, x)
        before, start = net.substrate.of_scaled(x), flat(net.substrate.mlp)
        write(net.substrate.mlp, start + 1e-6 * back[:, 2])
        moved = (net.substrate.of_scaled(x) - before) / 1e-6
    assert torch.allclose(moved, basis[..., 2], atol=1e-4 * float(basis[..., 2].abs().max()))


def test_a_function_at_its_minimum_stays(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames(**STRONG)
    net = make_reaction_net(system, frames)
    run(NewtonPhase(60, None, lines=True), net, frames)
    settled = copy.deepcopy(net.state_dict())
    loss = CurveProblem(net, frames, lines=True).loss(net)
    [logged] = run(NewtonPhase(5, None, lines=True), net, frames)
    assert logged["newton_loss"] <= loss
    assert torch.allclose(net.log_k, settled["log_k"], atol=1e-2)


def test_a_network_in_single_precision_is_fitted_too(stopped):
    net, frames, _ = stopped
    single = copy.deepcopy(net).float()
    frames = type(frames)(*(None if part is None else part.float() for part in frames))
    before = CurveProblem(single, frames, lines=True).loss(single)
    run(NewtonPhase(10, None, lines=True), single, frames)
    assert CurveProblem(single, frames, lines=True).loss(single) < before
    assert {part.dtype for part in single.parameters()} == {torch.float32}


def test_another_form_of_the_substrate_function_is_refused(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames, substrate_form="softplus")
    with pytest.raises(ValueError, match=r"model.substrate_form must be log.*got SoftplusSubstrate"):
        run(NewtonPhase(5, None, lines=True), net, frames)
