import csv

import pytest

pytest.importorskip("wandb", reason="the science extra is not installed")

from tests.wandb_reader import read_offline_run

NO_PROJECTION = "training.projection_iterations=0"
FLY = ("simulation=flyvis_scenes", "simulation.connectome=TINY", "training.projection_iterations=2")
REGULATED = (
    "simulation=metabolism_homeostasis",
    "simulation.n_frames=400",
    "training.projection_frames=null",
    "training.homeostasis_iterations=20",
    "training.homeostasis_max_batches=40",
    "training.homeostasis_time_step=4",
)
FITS = {  # how to get it, and the fewest points that its curve must have
    "splines": (("training.spline_knots=12", "training.max_steps=0", NO_PROJECTION), 1),
    "signal projection": (("training.max_steps=0",), 2),
    "signal Adam": (("training.max_steps=40", NO_PROJECTION), 20),
    "flyvis closed form": ((*FLY, "training.flow_rounds=2"), 4),
    "flyvis alternating": (
        (*FLY, "training=flyvis_alternating", "training.max_steps=40", "training.projection_iterations=0"),
        4,
    ),
    "metabolism projection": (("simulation=metabolism_small", "training.max_steps=0"), 2),
    "metabolism Adam": (("simulation=metabolism_small", "training.max_steps=40", NO_PROJECTION), 20),
    "phase 2, rate constants eliminated": ((*REGULATED, "training.k=profiled"), 20),
    "phase 2, rate constants frozen": ((*REGULATED, "training.k=frozen"), 2),
}
MAIN = {"signal": "connectivity_R2", "flyvis": "connectivity_R2", "metabolism": "rate_constants_R2"}


@pytest.mark.parametrize("fit", FITS)
def test_every_kind_of_fit_writes_recovery_over_training(run_tiny, tiny_connectome, tmp_path, fit):
    overrides, least = FITS[fit]
    given = [override.replace("TINY", str(tiny_connectome)) for override in overrides]
    run_tiny(*given, "logger=default", "logger.wandb.mode=offline", f"logger.wandb.save_dir={tmp_path}")
    run = read_offline_run(tmp_path / "wandb")
    name = f"recovery/{MAIN[run.config['family']]}"
    curve = [(row["trainer/global_step"], row[name]) for row in run.history if name in row]
    losses = {row["trainer/global_step"] for row in run.history if "val_loss" in row}
    assert len(curve) >= least
    assert {step for step, _ in curve} <= losses


def test_the_curve_ends_where_the_fit_does_and_stays_out_of_the_metrics(run_tiny, tmp_path):
    metrics = run_tiny("training.max_steps=40", NO_PROJECTION, "logger=csv", f"logger.csv.save_dir={tmp_path}")
    with (tmp_path / "csv" / "metrics.csv").open() as file:
        curve = [row["recovery/connectivity_R2"] for row in csv.DictReader(file) if row["recovery/connectivity_R2"]]
    assert float(curve[-1]) == pytest.approx(metrics["connectivity_R2"], abs=1e-3)  # fewer states, the same network
    assert not any(name.startswith("recovery") for name in metrics)
