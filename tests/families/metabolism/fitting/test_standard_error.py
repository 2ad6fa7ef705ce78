"""Standard errors of rate constants when the residual is a forgotten mechanism."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.metabolism.fitting.standard_error import standard_error_log10  # noqa: E402


@pytest.fixture
def forgetful(make_metabolism_system, simulate_system):
    """A least-squares fit of the reactions alone: laws, S, k, residual, and the true log10 k."""

    def make(**keys):
        system = make_metabolism_system(n_metabolites=40, n_reactions=90, n_frames=600, **keys)
        recorded, field = simulate_system(system)["train"], system.field()
        c, target = (torch.as_tensor(recorded[name]).double() for name in ("activity", "drift"))
        laws, S = field.laws(c), field.stoichiometry.double()
        columns = (laws[:, None, :] * S).reshape(-1, S.shape[1])
        k = torch.linalg.lstsq(columns, target.reshape(-1, 1)).solution.ravel()
        return laws, S, k, target - (laws * k) @ S.T, system.truth()["log_k"]

    return make


@pytest.mark.parametrize("seed", [0, 1])
def test_forgotten_homeostasis_shows_in_the_estimated_error(forgetful, seed):
    laws, S, k, residual, log_k = forgetful(homeostatic_lambda_per_type=[0.001, 0.002], seed=seed)
    true = (k.log10() - log_k).abs().median()
    estimated = standard_error_log10(laws, S, k, residual).median()
    assert true / 3 < estimated < 3 * true
    columns = (laws[:, None, :] * S).reshape(-1, S.shape[1])
    white = torch.linalg.inv(columns.T @ columns).diagonal() * residual.pow(2).mean()
    assert (white.sqrt() / k / math.log(10)).median() < 0.5 * true  # as if the residual were noise


def test_without_homeostasis_there_is_no_error(forgetful):
    laws, S, k, residual, _ = forgetful(homeostatic_lambda_per_type=[0.0, 0.0])
    assert standard_error_log10(laws, S, k, residual).max() < 1e-8


def test_a_reaction_without_effect_has_an_infinite_error(forgetful):
    laws, S, k, residual, _ = forgetful(homeostatic_lambda_per_type=[0.001, 0.002])
    S = S.clone()
    S[:, 3] = 0
    assert torch.isinf(standard_error_log10(laws, S, k, residual)[3])
