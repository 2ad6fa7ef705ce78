"""A fit that leaves more than the noise of its target is doubtful."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.estimation.recorded import Recorded  # noqa: E402
from hydra_llm.families.doubt import doubt, noise_share  # noqa: E402
from hydra_llm.systems.random_streams import stream  # noqa: E402

DT = 0.1


def record(n_frames=4000, process=0.0, measurement=0.0):
    """Two units that oscillate, with so much noise per frame."""
    generator = stream(0, "measurement_noise")

    def drawn():
        return torch.randn(n_frames, 2, generator=generator, dtype=torch.float64)

    phase = DT * torch.arange(n_frames, dtype=torch.float64)[:, None] * torch.tensor([1.0, 0.7])
    return Recorded(phase.sin() + (process * drawn()).cumsum(0) + measurement * drawn(), None, DT)


def test_without_noise_a_fit_that_leaves_a_tenth_is_doubtful_and_says_why():
    text = doubt(0.1, record(), is_oracle=False)
    assert text is not None
    assert text.startswith(
        "The fit is doubtful: it leaves 10.00% of the variance of the validation rates, and noise is "
    )
    assert "0.00% of it" in text
    assert "condition number" in text


def test_without_noise_a_fit_that_leaves_next_to_nothing_is_not():
    assert doubt(1e-3, record(), is_oracle=False) == ""


@pytest.mark.parametrize("noise", [{"process": 0.2}, {"measurement": 0.2}])
def test_what_noise_explains_is_no_doubt(noise):
    share = noise_share(record(**noise), is_oracle=False)
    assert share == pytest.approx(0.9, abs=0.1)
    assert doubt(share, record(**noise), is_oracle=False) == ""


def test_the_oracle_derivative_has_no_process_noise():
    recorded = record(process=0.2)
    assert noise_share(recorded, is_oracle=True) == pytest.approx(0, abs=0.02)
    assert doubt(0.5, recorded, is_oracle=True)


def test_a_recording_that_is_too_short_to_tell_noise_raises_no_doubt():
    assert doubt(0.5, record(n_frames=8), is_oracle=False) is None
