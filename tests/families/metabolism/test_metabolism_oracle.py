"""The oracle of reaction networks: exact where the data allow it, and right about where they do not."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.metabolism.fitting.joint_regression import Condensed  # noqa: E402
from hydra_llm.identifiability.samples import Samples  # noqa: E402


def condense(system, arrays):
    field = system.field()
    samples = Samples(arrays["activity"], arrays["drift"], arrays.get("external"))

    def laws(c, external):
        multiplies = external is not None and system.input_mode.startswith("multiplicative")
        return field.laws(c) * (field.speed(external) if multiplies else 1.0)

    return Condensed.of(samples, laws, field.stoichiometry, input_mode=system.input_mode)


@pytest.fixture
def oracle(make_metabolism_system, simulate_system):
    def make(**keys):
        system = make_metabolism_system(**keys)
        return condense(system, simulate_system(system)["train"]), system.truth()

    return make


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"use_mass_action": False},
        {"circadian_amplitude": 0.3, "circadian_period": 70, "homeostatic_lambda_per_type": [0.1, 0.2]},
        *(
            {"external_input_type": "modulation", "external_input_mode": mode, "n_input_metabolites": 6}
            for mode in ("additive", "multiplicative_substrate", "multiplicative_product")
        ),
    ],
)
@pytest.mark.parametrize("lines", ["metabolite", "types"])
def test_the_joint_oracle_is_exact_for_constants_slopes_and_offsets(oracle, keys, lines):
    condensed, truth = oracle(**keys)
    fit = condensed.solve(truth["metabolite_type"] if lines == "types" else lines)
    rate, baseline = truth["homeostatic_lambda"], truth["homeostatic_baseline"]
    assert fit.identifiable.all()
    assert fit.null_dimensions == 0
    assert fit.lines is not None
    torch.testing.assert_close(fit.k, 10 ** truth["log_k"], rtol=1e-6, atol=0)
    torch.testing.assert_close(fit.lines[:, 0], -rate, rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(fit.lines[:, 1], rate * baseline, rtol=1e-5, atol=1e-9)
    if "circadian_amplitude" in keys:
        torch.testing.assert_close(fit.lines[:, 2], 0.3 * rate * baseline, rtol=1e-5, atol=1e-9)


def test_constants_without_homeostasis_in_the_model_are_biased_and_drag_the_slopes_along(oracle):
    condensed, truth = oracle(homeostatic_lambda_per_type=[0.02, 0.05])
    true = 10 ** truth["log_k"]
    alone, joint = condensed.solve("none"), condensed.solve("metabolite")
    assert alone.lines is None
    assert ((alone.k - true).abs() / true).median() > 1e-3
    assert ((joint.k - true).abs() / true).max() < 1e-6
    slopes = condensed.lines_given(alone.k)[:, 0] / -truth["homeostatic_lambda"]
    assert (slopes - 1).abs().median() > 0.1
    exact = condensed.lines_given(joint.k)[:, 0] / -truth["homeostatic_lambda"]
    assert (exact - 1).abs().max() < 1e-5


def test_what_the_stoichiometry_leaves_open_is_what_the_data_leave_open(oracle, make_metabolism_system):
    keys = {"identifiable": False, "stoichiometry_seed": 3, "n_metabolites": 9, "n_reactions": 28}
    network = make_metabolism_system(**keys).network()
    fit = oracle(**keys)[0].solve("metabolite")
    assert int((~network.identifiable()).sum()) > 0
    assert fit.identifiable.tolist() == network.identifiable().tolist()
    assert fit.null_dimensions == network.null_dimensions()
    assert f"{int((~fit.identifiable).sum())} of 28 rate constants" in fit.sentence(network.faults())


def test_luck_moves_only_what_the_data_leave_open_and_all_draws_predict_the_same(oracle):
    keys = {"identifiable": False, "stoichiometry_seed": 3, "n_metabolites": 9, "n_reactions": 28}
    condensed, truth = oracle(**keys)
    fit = condensed.solve("metabolite")
    start = -2 + 3 * torch.rand((2, 28), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    first, second = fit.luck(start)
    known = fit.identifiable
    for found in (first, second):
        torch.testing.assert_close(found[known], truth["log_k"][known], rtol=0, atol=1e-4)
    assert (first - second).abs()[~known].max() > 0.1
    R, scale = fit.solver.factor.R, fit.scale[:28]
    gap = R[:, :28] @ ((10**first - 10**second) * scale)
    assert gap.norm() < 1e-5 * (R[:, :28] @ (10**first * scale)).norm()


def test_a_recording_without_gaps_is_called_determined(oracle):
    sentence = oracle()[0].solve("metabolite").sentence({})
    assert "determine all 18 rate constants and the homeostasis of every metabolite" in sentence


def test_noise_shows_in_the_standard_error(make_metabolism_system, simulate_system):
    system = make_metabolism_system(n_frames=400)
    arrays = simulate_system(system)["train"]
    noise = 0.01 * torch.randn(arrays["drift"].shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    fit = condense(system, {**arrays, "drift": arrays["drift"] + noise}).solve("metabolite")
    ratio = (fit.k - 10 ** system.truth()["log_k"]) / fit.k_error
    assert 0.5 < ratio.square().mean().sqrt() < 1.6
    clean = condense(system, arrays).solve("metabolite")
    assert clean.standard_error_log10.max() < 1e-6 < fit.standard_error_log10.min()


def test_an_unknown_kind_of_line_lists_those_that_exist(oracle):
    with pytest.raises(ValueError, match=r"lines must be one of none, metabolite,.*got 'per_type'"):
        oracle()[0].solve("per_type")
