"""conf/trainer takes whatever lightning.Trainer takes, and nothing else."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.experiment.trainer import OWNED, trainer_options  # noqa: E402
from hydra_llm.families.errors import ExperimentError  # noqa: E402


def test_an_option_of_lightnings_trainer_is_passed_on(compose_config):
    cfg = compose_config("trainer.precision=64-true", "trainer.max_time={minutes: 3}", "trainer.progress=off")
    options = trainer_options(cfg.trainer)
    assert options == {
        "accelerator": "cpu",
        "precision": "64-true",
        "max_time": {"minutes": 3},
        "enable_progress_bar": False,
    }


def test_an_option_may_be_built_from_a_target(compose_config):
    node = "trainer.profiler={_target_: lightning.pytorch.profilers.SimpleProfiler}"
    assert type(trainer_options(compose_config(node).trainer)["profiler"]).__name__ == "SimpleProfiler"


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("trainer.precison=16", r"trainer.precison is not an option of lightning.Trainer. Close to it: precision."),
        ("trainer.thread=2", r"trainer.thread is not an option of lightning.Trainer. Close to it: threads."),
        ("trainer.kwargs=2", r"trainer.kwargs is not an option of lightning.Trainer."),
    ],
)
def test_a_misspelt_option_is_a_sentence_with_the_names_near_it(compose_config, override, sentence):
    with pytest.raises(ExperimentError, match=sentence):
        trainer_options(compose_config(override).trainer)


@pytest.mark.parametrize("name", sorted(OWNED))
def test_what_a_run_decides_itself_is_refused_with_the_keys_that_decide_it(compose_config, name):
    with pytest.raises(ExperimentError, match=f"trainer.{name} is decided by the run: set "):
        trainer_options(compose_config(f"trainer.{name}=1").trainer)


def test_an_option_reaches_the_trainer_of_a_run_and_what_lightning_refuses_is_a_sentence(run_tiny):
    with pytest.raises(
        ExperimentError, match=r"Lightning refuses these options .*gradient_clip_val.*manual optimization"
    ):
        run_tiny("trainer.gradient_clip_val=1.0", "training.projection_iterations=0")
