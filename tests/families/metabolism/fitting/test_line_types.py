"""Types of homeostasis are read from lines and their information, without a label."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.metabolism.fitting.line_types import line_types  # noqa: E402

TRUE = torch.tensor([[-0.001, 0.004], [-0.002, 0.012]], dtype=torch.float64)
N = 16


def information(seed=0):
    """Of lines seen at concentrations with another mean and spread for every metabolite, and coupled among them."""
    generator = torch.Generator().manual_seed(seed)
    c = 2 + 6 * torch.rand((1, N), generator=generator, dtype=torch.float64)
    c = c + torch.rand((1, N), generator=generator, dtype=torch.float64) * torch.randn(
        (200, N), generator=generator, dtype=torch.float64
    )
    rows = torch.zeros((200, N, N, 2), dtype=torch.float64)
    every = torch.arange(N)
    rows[:, every, every, 0], rows[:, every, every, 1] = c, 1
    rows[:, every, (every + 1) % N] = 0.3 * rows[:, (every + 1) % N, (every + 1) % N]
    rows = rows.reshape(-1, 2 * N) / 0.002
    return rows.T @ rows


def drawn(lines, precision, seed=1):
    factor = torch.linalg.cholesky(torch.linalg.inv(precision))
    noise = torch.randn(2 * N, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return lines + (factor @ noise).reshape(N, 2)


def test_two_types_are_found_with_their_lines():
    types = torch.arange(N) // (N // 2)
    H = information()
    found = line_types(drawn(TRUE[types], H), H, 200 * N, torch.Generator().manual_seed(0))
    assert found.preferred
    assert found.n_types == 2
    same = (found.types[:, None] == found.types) == (types[:, None] == types)
    assert same.double().mean() > 0.75  # a line that is hardly determined may fall to either type
    torch.testing.assert_close(found.lines[found.types[0]], TRUE[0], rtol=0.1, atol=1e-4)
    assert found.cost < 3 * N


def test_lines_of_one_type_are_one():
    H = information()
    found = line_types(drawn(TRUE[:1].expand(N, 2), H), H, 200 * N, torch.Generator().manual_seed(0))
    assert found.n_types == 1


def test_lines_that_all_differ_stay_apart():
    H = information()
    each = torch.randn((N, 2), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert not line_types(drawn(each, H), H, 200 * N, torch.Generator().manual_seed(0)).preferred
