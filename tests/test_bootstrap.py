import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from hydra_llm import bootstrap
from hydra_llm.bootstrap import unknown_keys, unknown_launchers, unwritable, without_science
from programs import imported

ROOT = Path(__file__).parents[1]


def test_a_misspelt_key_gets_its_near_matches_and_its_siblings():
    (sentence,) = unknown_keys(["training.learning_rat_start=1", "seed=3"])
    assert sentence.startswith("There is no key training.learning_rat_start.")
    assert "Did you mean training.learning_rate_start" in sentence
    assert "batch_size" in sentence


@pytest.mark.parametrize(
    "argument",
    [
        "training.batch_size=3",
        "simulation=signal_dale",
        "hydra.run.dir=x",
        "-m",
        "+a.b=1",
        "training.strategy.source=a.py",
    ],
)
def test_arguments_that_are_right_or_not_ours_get_no_sentence(argument):
    assert unknown_keys([argument]) == []


@pytest.mark.parametrize(
    ("simulation", "own", "foreign"),
    [
        ("flyvis_scenes", "n_rotations", "connectivity_rank"),
        ("signal_low_rank", "connectivity_rank", "n_rotations"),
        ("recording", "activity", "connectivity_rank"),
    ],
)
def test_keys_of_another_family_are_neither_known_nor_named(simulation, own, foreign):
    bootstrap.register()
    (sentence,) = unknown_keys([f"simulation={simulation}", "simulation.foo=3"])
    (_, names) = sentence.split("Keys under simulation: ")
    assert "Did you mean" not in sentence, "nothing is near, and the group alone is no likeness"
    listed = names.rstrip(".").split(", ")
    assert own in listed
    assert foreign not in listed
    (sentence,) = unknown_keys([f"simulation={simulation}", f"simulation.{foreign}=3"])
    assert sentence.startswith(f"There is no key simulation.{foreign}.")


def test_a_line_that_does_not_compose_gets_the_keys_of_every_family():
    bootstrap.register()
    (sentence,) = unknown_keys(["simulation=no_such", "simulation.foo=3"])
    assert "connectivity_rank" in sentence
    assert "n_rotations" in sentence


def train(*arguments):
    return subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_an_unknown_regime_lists_the_regimes():
    found = train("simulation=signal_caotic")
    assert found.returncode != 0
    assert "signal_chaotic" in found.stderr + found.stdout
    assert "signal_low_rank" in found.stderr + found.stdout


def test_an_unknown_key_lists_the_keys():
    found = train("training.bach_size=3")
    assert found.returncode != 0
    assert "Did you mean training.batch_size" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_launcher_that_is_not_installed_names_its_package(monkeypatch):
    monkeypatch.setitem(bootstrap.LAUNCHERS, "elsewhere", ("hydra-elsewhere-launcher", "pip install it"))
    assert unknown_launchers(["hydra/launcher=elsewhere", "-m", "seed=1"]) == [
        "hydra/launcher=elsewhere needs hydra-elsewhere-launcher, which is not installed here: pip install it."
    ]
    assert unknown_launchers(["hydra/launcher=basic", "hydra.launcher.n_jobs=2"]) == []


def test_ray_without_its_launcher_is_a_sentence():
    if importlib.util.find_spec("hydra_plugins.hydra_ray_launcher") is not None:
        pytest.skip("hydra-ray-launcher is installed")
    found = train("-m", "hydra/sweeper=llm_ucb", "hydra/launcher=ray")
    assert found.returncode == 1
    assert "hydra/launcher=ray needs hydra-ray-launcher, which is not installed here" in found.stderr
    assert "Traceback" not in found.stderr


def test_help_loads_no_torch():
    code = (
        "import sys, runpy\nsys.argv = ['train.py', '--help']\n"
        f"try: runpy.run_path({str(ROOT / 'train.py')!r}, run_name='__main__')\nexcept SystemExit: pass"
    )
    assert imported(code, "torch") == []


def test_packages_that_a_run_needs_and_that_are_not_there_are_a_sentence(monkeypatch):
    monkeypatch.setattr(bootstrap, "SCIENCE", ("json", "torch_of_nobody"))
    assert without_science() == (
        "A run needs torch_of_nobody, not installed here: pip install 'hydra-llm[science]' (or '.[science]')."
    )


def test_an_output_folder_that_is_none_is_a_sentence_before_anything_starts(tmp_path):
    (tmp_path / "file").write_text("")
    found = train(f"hydra.run.dir={tmp_path}/file/run")
    assert found.returncode == 1
    assert "cannot be written" in found.stderr
    assert "hydra.run.dir" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_folder_still_to_be_made_is_no_problem(tmp_path):
    assert unwritable([f"hydra.run.dir={tmp_path}/a/b/c"]) is None
    assert unwritable(["-m", f"hydra.sweep.dir={tmp_path}/a"]) is None
    assert unwritable(["--help"]) is None


def test_the_same_command_finds_its_sweep_folder_and_another_network_gets_its_own():
    from hydra import compose, initialize_config_dir

    from hydra_llm.bootstrap import register

    register()

    def folder(*overrides):
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            cfg = compose("config", [*overrides], return_hydra_config=True)
            cfg.hydra.runtime.choices = {"simulation": "signal_chaotic"}
            cfg.hydra.job.name = "train"
            return cfg.hydra.sweep.dir

    assert folder() == folder() == folder("logger=csv", "callbacks.figures=false")
    assert len({folder(), folder("simulation.n_neurons=50"), folder("seed=3"), folder("search=signal_published")}) == 4
