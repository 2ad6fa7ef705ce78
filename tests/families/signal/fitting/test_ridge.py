import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.fitting.ridge import ridge_weights, solve_W  # noqa: E402


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_noise_free_weights_come_back_with_the_orientation_that_acted():
    message, W = normal(200, 8), normal(8, 8, seed=1).fill_diagonal_(0)
    torch.testing.assert_close(ridge_weights(message, message @ W.T, 1e-14), W, rtol=1e-9, atol=1e-9)


def test_the_diagonal_constraint_equals_leaving_the_column_out():
    message, received, ridge = normal(100, 6), normal(100, 6, seed=1), 0.3
    W = ridge_weights(message, received, ridge)
    for i in range(6):
        others = [j for j in range(6) if j != i]
        P = message[:, others]
        expected = torch.linalg.solve(P.T @ P / 100 + ridge * torch.eye(5), P.T @ received[:, i] / 100)
        torch.testing.assert_close(W[i, others], expected)
    assert torch.diagonal(W).eq(0).all()


def test_more_ridge_means_smaller_weights():
    message, received = normal(100, 6), normal(100, 6, seed=1)
    sizes = [ridge_weights(message, received, ridge).norm() for ridge in (1e-8, 1e-2, 1.0, 100.0)]
    assert sizes == sorted(sizes, reverse=True)


def test_one_closed_form_step_lowers_the_error_of_a_network(make_net, make_frames):
    frames, _ = make_frames()
    net = make_net()

    def error():
        with torch.no_grad():
            return (net(frames.activity, None) - frames.target).pow(2).mean()

    before = error()
    solve_W(net, frames, 1e-6)
    assert error() < 0.5 * before


def test_a_multiplicative_input_is_refused_with_the_remedy(make_net, make_frames):
    frames, _ = make_frames()
    with pytest.raises(ValueError, match="W_solve_interval=0"):
        solve_W(make_net(input_mode="multiplicative"), frames, 1e-6)
