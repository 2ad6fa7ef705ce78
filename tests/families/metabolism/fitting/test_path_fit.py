"""Path and network together: a noisy recording of a small network gives back what its smoothed states do not."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.estimation.recorded import Recorded  # noqa: E402
from hydra_llm.families.metabolism.fitting.path_fit import fit_path, path_given  # noqa: E402

NOISE = 0.05


def test_the_rate_constants_of_a_noisy_recording_are_found(make_reaction_frames, make_reaction_net):
    frames, system = make_reaction_frames(n_frames=150, integrator="rk4", substeps=2, n_metabolites=8, n_reactions=9)
    generator = torch.Generator().manual_seed(0)
    y = frames.activity + NOISE * torch.randn(frames.activity.shape, generator=generator, dtype=torch.float64)
    net = make_reaction_net(system, frames)
    log_k = system.truth()["log_k"]
    with torch.no_grad():  # mass action, in the gauge of the truth, with rate constants off by a tenth of a decade
        net.substrate.mlp.net[-1].weight.zero_()
        net.substrate.mlp.net[-1].bias.copy_(net.substrate.log_mean)
        net.substrate.mlp.linear.weight.copy_(torch.tensor([[float(net.substrate.log_sd), 0.0]]))
        net.log_k.copy_(log_k + 0.1 * torch.randn(log_k.shape, generator=generator, dtype=torch.float64))
    start = y.unfold(0, 5, 1).mean(dim=-1)
    start = torch.cat([y[:2], start, y[-2:]])
    recorded = Recorded(y, None, system.delta_t)
    before = path_given(net, recorded, start, NOISE, NOISE / 100)
    fitted = fit_path(net, recorded, start, generator)
    assert fitted.measurement_sd == pytest.approx(NOISE, rel=0.1)
    assert fitted.process_sd < NOISE / 10  # nothing but the law moves these states
    assert float((fitted.states - frames.activity).square().mean().sqrt()) < NOISE / 3
    assert path_given(net, recorded, start, NOISE, NOISE / 100).log_evidence > before.log_evidence
    with torch.no_grad():
        derivative = net(fitted.states, None)
    assert float((derivative - frames.target).square().mean()) < 0.01 * float(frames.target.square().mean())
    error = net.log_k.detach() - log_k
    assert float((error - error.median()).abs().median()) < 0.02
    assert "measurement noise 0.05" in fitted.sentence or "measurement noise 0.04" in fitted.sentence
