"""The recordings of the publications: one Euler step per frame, whose forward difference is the derivative itself."""

from pathlib import Path

import pytest

FILES = (Path(__file__).parents[2] / "conf" / "simulation").glob("*.yaml")
REGIMES = sorted(
    {path.stem for path in FILES} - {"recording", "petab", "sbml"}
)  # which have no integrator of their own


@pytest.mark.parametrize("regime", REGIMES)
def test_it_composes_with_every_regime(regime, compose_config):
    cfg = compose_config("experiment=published_euler", f"simulation={regime}")
    assert (cfg.simulation.integrator, cfg.simulation.substeps) == ("euler", 1)
    assert (cfg.training.target, cfg.training.difference_order) == ("finite_difference", "forward")


@pytest.mark.parametrize("family", ["signal", "metabolism", "flyvis"])
def test_without_process_noise_its_forward_differences_are_the_oracle_derivative(family, request, tmp_path):
    torch = pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra_llm.callbacks.dataset_writer import DatasetWriter
    from hydra_llm.data.store import DatasetStore
    from hydra_llm.estimation.estimates import Estimates
    from hydra_llm.schema.target import TargetKeys
    from hydra_llm.training.simulation import simulate

    keys = {"integrator": "euler", "substeps": 1, "noise_model_level": 0.0, "dtype": "float64"}
    system = request.getfixturevalue(f"make_{family}_system")(**keys)
    quiet = {"enable_progress_bar": False}
    dataset = simulate(system, DatasetStore(tmp_path), writer=DatasetWriter, callbacks=(), oracle=True, **quiet)
    found = Estimates(dataset.path, TargetKeys("finite_difference", "forward")).frames("train")
    ends = torch.ones(system.n_frames["train"], dtype=torch.bool)  # frames that another one follows
    starts = system.structure().get("sequence_start_train", torch.tensor([0]))
    ends[starts - 1] = False
    drift = torch.tensor(dataset.oracle().drift("train"))[ends]
    torch.testing.assert_close(found.target, drift, rtol=1e-8, atol=1e-10 * float(drift.abs().max()))
