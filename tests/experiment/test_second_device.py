"""A fit on a second device: a GPU where there is one, and everywhere a stand-in that refuses what a GPU refuses."""

from contextlib import nullcontext

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from lightning import Callback  # noqa: E402
from tests.experiment.conftest import TINY, TINY_FLYVIS, TINY_METABOLISM  # noqa: E402

from hydra_llm.families.fitting import FitContext  # noqa: E402
from hydra_llm.families.flyvis.fit import fit as fit_fly  # noqa: E402
from hydra_llm.families.metabolism.fit import fit as fit_reactions  # noqa: E402
from hydra_llm.families.signal.fit import fit as fit_signal  # noqa: E402
from stand_in_device import second_device, trainer_options  # noqa: E402

needs_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
GPU = pytest.param("gpu", marks=needs_a_gpu)
SHORT = (
    "training.projection_iterations=2",
    "training.projection_frames=60",
    "training.projection_screening_iterations=1",
)
RECIPES = {
    "default": (*SHORT, "training.flow_rounds=4"),
    "hidden cells": (*SHORT, "training.flow_rounds=2", "simulation.n_hidden_neurons=0.15"),
    "held-out ridge": (*SHORT, "training=flyvis_closed_form", "training.closed_form_ridge=validation"),
}
ADAM = {
    "published": ("training=flyvis_published", "model=flyvis_gnn_published", "training.max_steps=4"),
    "alternating": ("training=flyvis_alternating", "model=flyvis_gnn_published", "training.max_steps=8"),
    "unseen stimulus": ("training=flyvis_unseen_stimulus", "model.implicit_stimulus=true", "training.max_steps=4"),
}
FAMILIES = {
    "signal": (fit_signal, TINY, ("training.max_steps=0",)),
    "metabolism": (fit_reactions, TINY_METABOLISM, ("simulation=metabolism_small", "training.max_steps=0")),
}


class Preempted(BaseException):
    """As abrupt as a signal: nobody catches it."""


class CutOff(Callback):
    """Ends the process's work before the last interval."""

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch + 1 == trainer.max_epochs:
            raise Preempted


@pytest.fixture
def fit_on(compose_config, run_tiny, tmp_path):
    """fit_on(fit, tiny, overrides) -> a function of a device, and of callbacks, that fits to one recording."""

    def prepared(fit, tiny, overrides):
        run_tiny(*overrides)
        (dataset,) = (p for p in (tmp_path / "datasets").iterdir() if not p.name.startswith("."))
        cfg = compose_config(*tiny, *overrides)

        def on(device, *callbacks):
            where = trainer_options() if device == "stand-in" else {"accelerator": device}
            options = {"enable_progress_bar": False, **where}
            context = FitContext(tmp_path / device, options, callbacks=callbacks, resume_every=0.0)
            with second_device() if device == "stand-in" else nullcontext():
                return fit(dataset, cfg.model, cfg.training, context)

        return on

    return prepared


@pytest.fixture
def fly_on(fit_on, tiny_connectome):
    fly = ("simulation=flyvis_scenes", f"simulation.connectome={tiny_connectome}", "simulation.extent=1")
    return lambda recipe: fit_on(fit_fly, TINY_FLYVIS, (*fly, *recipe))


def losses(fitted):
    return fitted.history["val_loss"][1]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("device", ["stand-in", GPU])
def test_a_fly_is_fitted_on_a_second_device_as_on_the_cpu_also_where_it_was_cut_off(fly_on, name, device):
    on = fly_on(RECIPES[name])
    with pytest.raises(Preempted):
        on(device, CutOff())
    assert losses(on(device)) == pytest.approx(losses(on("cpu")), rel=1e-6 if device == "stand-in" else 0.05)


@needs_a_gpu
@pytest.mark.parametrize("name", ADAM)
def test_steps_of_adam_run_on_a_gpu_also_where_they_were_cut_off(fly_on, name):
    on = fly_on(ADAM[name])
    with pytest.raises(Preempted):
        on("gpu", CutOff())
    assert losses(on("gpu")) == pytest.approx(losses(on("cpu")), rel=0.05)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("device", ["stand-in", GPU])
def test_a_network_of_another_family_is_fitted_on_a_second_device_as_on_the_cpu(fit_on, family, device):
    on = fit_on(*FAMILIES[family])
    assert losses(on(device)) == pytest.approx(losses(on("cpu")), rel=1e-6 if device == "stand-in" else 0.05)
