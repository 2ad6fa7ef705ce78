"""Each phase of a metabolic fit on a dozen metabolites: seconds, and the claims that the solver rests on."""

import pytest

from recorded import Recorded

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.metabolism.config import MetabolismTraining  # noqa: E402
from hydra_llm.families.metabolism.fitting.adam import ReactionGradientPhase, cosine  # noqa: E402
from hydra_llm.families.metabolism.fitting.projection import ReactionProjectionPhase  # noqa: E402
from hydra_llm.families.metabolism.fitting.rate_constants import RateConstantsPhase, solve_rate_constants  # noqa: E402
from hydra_llm.families.metabolism.fitting.reduced import ReactionProblem  # noqa: E402
from hydra_llm.families.metabolism.metrics import gauge, in_gauge, rate_constant_metrics  # noqa: E402
from hydra_llm.families.metabolism.model.gnn import LN10  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402
from hydra_llm.training.objectives import OneStep, Rollout  # noqa: E402
from hydra_llm.training.recovery import unexplained_variance  # noqa: E402
from hydra_llm.training.strategy import Batch, FitStep  # noqa: E402

STRONG = {"homeostatic_lambda_per_type": [0.02, 0.05]}
OPEN = {"external_input_type": "modulation", "n_input_metabolites": 6}
QUICK = {"iterations": 60, "n_starts": 1, "ridges": [1e-6, 1e-10]}


def run(phase, net, frames):
    optimizer = phase.optimizer(net)
    return [phase.run(k, net, frames, optimizer, optimizer.step) for k in range(phase.n_intervals)]


def gradient_phase(frames, n_steps=60, **keys):
    settings = {"learning_rate_k": 0.02, "learning_rate_sub": 0.003, "coeff_MLP_sub_diff": 0, "coeff_MLP_sub_norm": 0}
    training = MetabolismTraining(**{"seed": 0, "max_steps": n_steps, **settings, **keys})
    return ReactionGradientPhase.of(training, Recorded(frames, delta_t=0.1))


def projection_phase(**keys):
    settings = {
        "lines": True,
        "ridges": [1e-6, 1e-9, 1e-12],
        "iterations": 120,
        "n_starts": 3,
        "screening_iterations": 40,
        "n_frames": None,
        "n_nodes": 100,
    }
    return ReactionProjectionPhase(**{**settings, **keys}, generator=stream(0, "model_init/starts"))


def recovered(net, frames, system):
    c = frames.activity.reshape(-1)
    with torch.no_grad():
        learned = net.factor(c)
    true = system.law.factor(c)[:, None] ** net.substrate.orders
    substrates = net.incidence.reshape(net.n_metabolites, -1, net.n_reactions).sum(dim=0)
    log_k = in_gauge(net.log_k.detach(), gauge(learned, true), substrates)
    return rate_constant_metrics(log_k, system.truth()["log_k"], identifiable=None, prefix="rate_constants")


def knows_the_law(net):
    """Set the substrate function to mass action, in the gauge of the truth."""
    with torch.no_grad():
        net.substrate.mlp.net[-1].weight.zero_()
        net.substrate.mlp.net[-1].bias.copy_(net.substrate.log_mean)
        net.substrate.mlp.linear.weight.copy_(torch.tensor([[float(net.substrate.log_sd), 0.0]]))
    return net


def test_adam_lowers_what_is_left_unexplained_and_the_constants_move(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames)
    before, constants = unexplained_variance(net, frames), net.log_k.detach().clone()
    run(gradient_phase(frames, 200), net, frames)
    assert unexplained_variance(net, frames) < 0.5 * before
    assert not torch.equal(net.log_k, constants)


@pytest.mark.parametrize("part", ["k", "sub", "node", "embedding"])
def test_a_part_with_learning_rate_zero_stands_still(make_reaction_frames, make_reaction_net, part):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames)
    own = {"k": "log_k", "sub": "substrate.", "node": "node_func.", "embedding": "embedding."}[part]
    before = {name: value.detach().clone() for name, value in net.named_parameters()}
    run(gradient_phase(frames, 20, **{f"learning_rate_{part}": 0.0}), net, frames)
    for name, value in net.named_parameters():
        if name.startswith(own):
            assert torch.equal(value, before[name])
    assert any(not torch.equal(value, before[name]) for name, value in net.named_parameters())


def test_learned_coefficients_move_and_need_a_learning_rate(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames, freeze_stoichiometry=False)
    with pytest.raises(ValueError, match=r"training.learning_rate_S_start must be.*got 0"):
        gradient_phase(frames).optimizer(net)
    before = net.S.detach().clone()
    run(gradient_phase(frames, 20, learning_rate_S_start=0.01), net, frames)
    assert not torch.equal(net.S, before)
    known = make_reaction_net(system, frames)
    run(gradient_phase(frames, 20, learning_rate_S_start=0.01), known, frames)
    assert torch.equal(known.stoichiometry(), system.structure()["stoichiometry"])


def test_all_rates_at_zero_are_refused(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    rates = dict.fromkeys([f"learning_rate_{part}" for part in ("k", "sub", "node", "embedding")], 0.0)
    with pytest.raises(ValueError, match="max_steps=0"):
        gradient_phase(frames, **rates).optimizer(make_reaction_net(system, frames))


def test_the_cosine_schedule_lowers_every_rate_to_a_hundredth(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames)
    phase = gradient_phase(frames, 40, learning_rate_schedule="cosine")
    optimizer = phase.optimizer(net)
    first = [group["lr"] for group in optimizer.param_groups]
    for k in range(phase.n_intervals):
        phase.run(k, net, frames, optimizer, optimizer.step)
    last = [group["lr"] for group in optimizer.param_groups]
    assert cosine(0) == 1
    assert cosine(1) == pytest.approx(0.01)
    assert all(0.01 * a <= b < 0.02 * a for a, b in zip(first, last, strict=True))


def test_the_objective_of_publications_sums_the_norms_of_its_samples(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames)
    start = torch.tensor([3, 50])
    step = FitStep(0, 1, torch.Generator(), configured=lambda: torch.zeros(()))

    def loss(objective, start):
        return objective.loss(net, Batch.of(frames, start, objective.horizon, system.delta_t), step)

    for summed, whole in (
        (OneStep(0.0, per_sample=True), OneStep(0.0)),
        (Rollout(4, 0.0, per_sample=True), Rollout(4, 0.0)),
    ):
        torch.testing.assert_close(loss(summed, start), loss(whole, start[:1]) + loss(whole, start[1:]))


def test_solved_between_steps_the_constants_explain_more_at_once(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    plain, solved = (make_reaction_net(system, frames) for _ in range(2))
    run(gradient_phase(frames, 30), plain, frames)
    run(gradient_phase(frames, 30, k_solve_interval=30), solved, frames)
    assert unexplained_variance(solved, frames) < unexplained_variance(plain, frames)


def test_with_the_law_known_one_exact_step_gives_the_constants_and_every_line(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    net = knows_the_law(make_reaction_net(system, frames))
    (logged,) = run(RateConstantsPhase(lines=True), net, frames)
    truth = system.truth()
    torch.testing.assert_close(net.log_k.detach(), truth["log_k"], rtol=0, atol=1e-6)
    torch.testing.assert_close(net.linear[:, 0], -truth["homeostatic_lambda"], rtol=1e-4, atol=1e-8)
    assert logged["rank"] == 18 + 24
    assert unexplained_variance(net, frames) < 1e-12


def test_without_lines_the_constants_take_over_a_part_of_homeostasis(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames(**STRONG)
    net = knows_the_law(make_reaction_net(system, frames))
    solve_rate_constants(net, frames, lines=False)
    assert (net.log_k.detach() - system.truth()["log_k"]).abs().max() > 1e-3
    assert (net.linear == 0).all()


def test_a_constant_that_data_leave_open_moves_to_the_mean_of_the_others(make_reaction_frames, make_reaction_net):
    keys = {"identifiable": False, "stoichiometry_seed": 3, "n_metabolites": 9, "n_reactions": 28}
    frames, system = make_reaction_frames(**keys)
    empty = (system.network().orders.sum(dim=0) == 0).nonzero().ravel().tolist()
    assert len(empty) == 1
    net = knows_the_law(make_reaction_net(system, frames))
    solve_rate_constants(net, frames, lines=True)
    log_k = net.log_k.detach()
    torch.testing.assert_close(log_k[empty].mean(), log_k.mean(), rtol=0, atol=0.02)
    known = system.network().identifiable()
    torch.testing.assert_close(net.log_k.detach()[known], system.truth()["log_k"][known], rtol=0, atol=1e-4)


def test_the_scale_of_the_learned_law_does_not_move_a_constant_without_a_substrate(
    make_reaction_frames, make_reaction_net
):
    frames, system = make_reaction_frames(identifiable=False, stoichiometry_seed=3, n_metabolites=9, n_reactions=28)
    nets = [knows_the_law(make_reaction_net(system, frames)) for _ in range(2)]
    with torch.no_grad():
        nets[1].substrate.mlp.net[-1].bias += 3.0
    for net in nets:
        solve_rate_constants(net, frames, lines=True)
    n_substrates = nets[0].incidence.sum(dim=0)
    shift = nets[0].log_k.detach() - nets[1].log_k.detach()
    torch.testing.assert_close(shift, 3.0 / LN10 * n_substrates, rtol=0, atol=1e-3)


@pytest.mark.parametrize("lines", [True, False])
def test_the_gradient_of_the_reduced_loss_needs_no_derivative_of_the_solve(
    make_reaction_frames, make_reaction_net, lines
):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames)
    problem = ReactionProblem(net, frames.spread(60), 40, lines=lines)
    problem.evaluate(net, 1e-14).loss.backward()
    weight = net.substrate.mlp.net[0].weight
    analytic, step = weight.grad.clone(), 1e-5
    for place in ((0, 0), (3, 1)):
        losses = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[place] += sign * step
            losses.append(problem.evaluate(net, 1e-14).loss.item())
            with torch.no_grad():
                weight[place] -= sign * step
        assert analytic[place].item() == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-3, abs=1e-9)


def test_the_normal_equations_give_the_least_squares_of_the_full_design(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames)
    problem = ReactionProblem(net, frames, 400, lines=True)
    found = problem.evaluate(net, 1e-15)
    n, m = net.n_metabolites, net.n_reactions
    with torch.no_grad():
        laws = net.laws(frames.activity, None)
    design = torch.zeros((frames.n_frames, n, m + 2 * n), dtype=torch.float64)
    design[:, :, :m] = laws[:, None] * net.stoichiometry().detach()
    for i in range(n):
        design[:, i, m + 2 * i] = frames.activity[:, i]
        design[:, i, m + 2 * i + 1] = 1
    expected = torch.linalg.lstsq(design.reshape(-1, m + 2 * n), frames.target.reshape(-1, 1)).solution[:, 0]
    torch.testing.assert_close(found.k, expected[:m], rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(found.lines.reshape(-1), expected[m:], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        *(
            pytest.param(keys, marks=pytest.mark.slow)
            for keys in (
                STRONG,
                {**STRONG, "circadian_amplitude": 0.3, "circadian_period": 70},
                {**OPEN, "external_input_mode": "additive"},
                {**OPEN, "external_input_mode": "multiplicative_product"},
            )
        ),
    ],
)
def test_variable_projection_recovers_the_constants(make_reaction_frames, make_reaction_net, keys):
    frames, system = make_reaction_frames(**keys)
    net = make_reaction_net(system, frames)
    run(projection_phase(**({} if keys else QUICK)), net, frames)
    run(RateConstantsPhase(lines=True), net, frames)
    assert recovered(net, frames, system)["rate_constants_R2"] > 0.999
    slopes = net.linear[:, 0] / -system.truth()["homeostatic_lambda"]
    assert slopes.median() == pytest.approx(1, abs=0.1)


def test_laws_that_are_no_numbers_end_in_a_loss_that_is_none_and_not_in_a_crash(
    make_reaction_frames, make_reaction_net
):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames)
    problem = ReactionProblem(net, frames, 40, lines=True)
    constants = net.log_k.detach().clone()
    with torch.no_grad():
        net.substrate.mlp.linear.weight[0, 0] = 1e5
    assert not problem.settle(net, 1e-9) < float("inf")
    assert torch.equal(net.log_k, constants)


def test_lines_take_the_place_of_the_node_function(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames()
    net = make_reaction_net(system, frames)
    net.node_func.net[-1].bias.data.fill_(1.0)
    run(projection_phase(iterations=2, n_starts=1, screening_iterations=2), net, frames)
    assert (net.node(frames.activity, None) == 0).all()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [({"substrate_form": "softplus"}, "substrate_form=log"), ({"freeze_stoichiometry": False}, "freeze_stoichiometry")],
)
def test_projection_refuses_what_it_cannot_eliminate(make_reaction_frames, make_reaction_net, keys, sentence):
    frames, system = make_reaction_frames()
    with pytest.raises(ValueError, match=sentence):
        run(projection_phase(), make_reaction_net(system, frames, **keys), frames)
