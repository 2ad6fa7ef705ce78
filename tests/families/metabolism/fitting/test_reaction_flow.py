"""A reaction network as a flow: the one that its equation describes, with the derivatives of that flow."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.metabolism.fitting.reaction_flow import ReactionFlow  # noqa: E402

DELTA_T = 0.1


def make_flow(net, frames, **keys):
    limits = {"floor": 0.5 * float(frames.activity.min()), "ceiling": 1.2 * float(frames.activity.max())}
    return ReactionFlow(net, frames.external, DELTA_T, **{**limits, **keys})


@pytest.fixture(params=["none", "clock", "random orders"])
def world(request, make_reaction_frames, make_reaction_net):
    keys = {
        "none": {},
        "clock": {"circadian_amplitude": 0.3, "circadian_period": 20.0, "homeostatic_strength": 0.1},
        "random orders": {"cycle_fraction": 0.5, "log_k_min": -5.0, "log_k_max": -4.0},
    }[request.param]
    frames, system = make_reaction_frames(n_frames=8, integrator="rk4", **keys)
    net = make_reaction_net(system, frames)
    with torch.no_grad():
        net.log_k.sub_(2.0)
        net.linear.copy_(0.1 * torch.randn(net.linear.shape, generator=torch.Generator().manual_seed(0)))
    return net, frames


def test_states_follow_the_equation_of_the_network(world):
    net, frames = world
    flow = make_flow(net, frames)
    expected, h = frames.activity, DELTA_T / 50
    with torch.no_grad():
        for _ in range(50):
            middle = expected + h / 2 * net(expected, frames.external)
            expected = expected + h * net(middle, frames.external)
    torch.testing.assert_close(flow.following(flow.parameters(), frames.activity), expected, rtol=1e-5, atol=1e-6)


def test_its_derivatives_are_those_of_the_flow(world):
    net, frames = world
    flow = make_flow(net, frames)
    p, c = flow.parameters(), frames.activity
    step = flow.transition(p, c, torch.eye(len(p), dtype=torch.float64))
    torch.testing.assert_close(step.following, flow.following(p, c))
    for i in (0, c.shape[1] - 1):
        nudge = torch.zeros_like(c)
        nudge[:, i] = 1e-5
        slope = (flow.following(p, c + nudge) - flow.following(p, c - nudge)) / 2e-5
        torch.testing.assert_close(step.jacobian[:, :, i], slope, rtol=1e-4, atol=1e-6)
    for place in (0, flow.lines.start, flow.lines.start + 1, flow.lines.stop - 1, flow.lines.stop, len(p) - 1):
        nudge = torch.zeros_like(p)
        nudge[place] = 1e-5
        slope = (flow.following(p + nudge, c) - flow.following(p - nudge, c)) / 2e-5
        torch.testing.assert_close(step.by_parameter[:, :, place], slope, rtol=1e-3, atol=1e-5)


def test_parameters_return_to_the_network_and_its_function_follows_them(world):
    net, frames = world
    flow = make_flow(net, frames)
    p = flow.parameters() + 0.01
    promised = flow.following(p, frames.activity)
    flow.write(p)
    kept = make_flow(net, frames)
    torch.testing.assert_close(kept.following(kept.parameters(), frames.activity), promised, rtol=1e-3, atol=1e-4)


def test_a_concentration_below_zero_runs_its_reactions_backwards(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames(n_frames=8)
    net = make_reaction_net(system, frames)
    flow = make_flow(net, frames)
    small = torch.full_like(frames.activity, 1e-3 * float(frames.activity.min()))
    above, below = (flow.following(flow.parameters(), c) for c in (small, small * torch.tensor([-1.0] + [1.0] * 11)))
    eats_first = (net.orders[0] > 0).nonzero().ravel()
    moved = (net.stoichiometry()[:, eats_first] != 0).any(dim=1)
    assert (above - below)[:, moved].abs().sum() > 0
    torch.testing.assert_close(above[:, ~moved], below[:, ~moved])


def test_the_published_substrate_function_is_refused(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames(n_frames=8)
    with pytest.raises(ValueError, match=r"model\.substrate_form must be log for a fit of the whole path"):
        make_flow(make_reaction_net(system, frames, substrate_form="softplus"), frames)
