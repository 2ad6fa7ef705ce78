"""How large measurement noise is."""

import pytest
import torch

from hydra_llm.systems.measurement import MeasurementNoise, pooled_spread


def test_the_spread_of_pieces_is_that_of_the_whole_and_ignores_the_means_of_units():
    u = torch.randn((1000, 3), generator=torch.Generator().manual_seed(0)).double() * torch.tensor([1.0, 2.0, 3.0])
    expected = float((u.var(dim=0, unbiased=False).mean()).sqrt())
    assert pooled_spread((u + torch.tensor([0.0, 50.0, -100.0])).split([1, 499, 500])) == pytest.approx(expected)


@pytest.mark.parametrize("family", ["signal", "metabolism", "flyvis"])
def test_a_relative_level_is_a_share_of_the_spread_and_an_absolute_one_is_taken_as_it_is(
    family, request, simulate_system
):
    make = request.getfixturevalue(f"make_{family}_system")
    system = make(measurement_noise_level=0.05)
    train = simulate_system(system)["train"]
    spread = pooled_spread([train["clean_activity"]])
    assert system.truth_meta()["measurement_noise_sd"] == pytest.approx(0.05 * spread, rel=1e-4)
    noise = train["activity"] - train["clean_activity"]
    assert float(noise.std()) == pytest.approx(0.05 * spread, rel=0.05)
    absolute = make(measurement_noise_level=0.05, measurement_noise_unit="absolute")
    assert absolute.truth_meta()["measurement_noise_sd"] == 0.05


def test_an_unknown_unit_names_those_that_exist():
    with pytest.raises(ValueError, match="measurement_noise_unit must be one of relative, absolute"):
        MeasurementNoise(0.1, "percent")
