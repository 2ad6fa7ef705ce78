"""Constants under a prior that the data choose: exact where the data are, sensible where they end."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.metabolism.fitting.joint_regression import Condensed  # noqa: E402
from hydra_llm.families.metabolism.fitting.log_evidence import log_evidence  # noqa: E402
from hydra_llm.identifiability.samples import Samples  # noqa: E402


@pytest.fixture
def ask(make_metabolism_system, simulate_system):
    """(joint fit, true log10 k) of a tiny network whose target has noise."""

    def make(noise, **keys):
        system = make_metabolism_system(**keys)
        arrays = simulate_system(system)["train"]
        draw = torch.Generator().manual_seed(0)
        target = arrays["drift"] + noise * torch.randn(arrays["drift"].shape, generator=draw, dtype=torch.float64)
        field = system.field()
        samples = Samples(arrays["activity"], target, None)
        joint = Condensed.of(samples, lambda c, _: field.laws(c), field.stoichiometry, input_mode="none")
        return joint.solve("metabolite"), system.truth()["log_k"]

    return make


def test_an_exact_recording_gives_exact_constants(ask):
    joint, true = ask(0.0)
    torch.testing.assert_close(log_evidence(joint).log_k, true, atol=1e-5, rtol=0)


def test_under_noise_all_constants_stay_positive_and_nearer_to_the_truth_than_a_guess(ask):
    joint, true = ask(1.0)
    found = log_evidence(joint)
    assert torch.isfinite(found.log_k).all()
    assert (found.log_k - true).square().mean() < 0.7 * (true - true.mean()).square().mean()
    inside = ((found.log_k - true).abs() < 1.645 * found.error).double().mean()
    assert float(inside) > 0.6
