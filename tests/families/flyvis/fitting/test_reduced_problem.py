"""The reduced problem's gradient, which is written down, is that of its loss."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fitting.reduced import FlyvisReducedProblem  # noqa: E402


@pytest.mark.parametrize("edge_embedding", [False, True])
def test_a_small_step_changes_the_loss_by_what_the_gradient_says(make_graph_frames, make_graph_net, edge_embedding):
    truth = make_graph_frames(n_neurons=20, n_frames=200)
    keys = {"edge_embedding": True, "embedding_dim": 2} if edge_embedding else {}
    net = make_graph_net(truth, **keys)
    problem = FlyvisReducedProblem(net, truth.frames, 60)
    moved = list(net.lin_edge.parameters())
    problem.evaluate(net, 1e-3).loss.backward()
    slope = sum(float(p.grad.square().sum()) for p in moved)
    losses = []
    for sign in (1, -1):
        with torch.no_grad():
            for p in moved:
                p += sign * 1e-5 * p.grad
            losses.append(float(problem.evaluate(net, 1e-3).loss))
            for p in moved:
                p -= sign * 1e-5 * p.grad
    assert slope > 0
    assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(slope, rel=1e-4)


def test_the_loss_is_what_the_settled_network_leaves_of_the_target(make_graph_frames, make_graph_net):
    truth = make_graph_frames(n_neurons=20, n_frames=200)
    net, frames = make_graph_net(truth), truth.frames
    found = FlyvisReducedProblem(net, frames, 600).settle(net, 1e-9)
    with torch.no_grad():
        left = (net(frames.activity, frames.external) - frames.target).square().mean()
    assert found == pytest.approx(float(left / frames.target.var(dim=0, unbiased=False).mean()), rel=1e-3)
