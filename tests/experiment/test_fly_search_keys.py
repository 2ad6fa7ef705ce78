"""What a search of the fly moves changes what the recipe finds that it confirms with."""

from pathlib import Path

import pytest
import yaml

SEARCHES = Path(__file__).parents[2] / "conf" / "search"
SMALL = (  # of the default recipe, so that each key has something to decide on 120 frames
    "training.projection_iterations=3",
    "training.projection_frames=60",
    "training.projection_screening_iterations=1",
    "training.flow_rounds=1",
    "training.must_beat=[]",
)
MOVES = {
    "model.hidden_dim": 16,
    "training.projection_iterations": 6,
    "training.projection_frames": 100,
    "training.projection_starts": 3,
    "training.closed_form_ridge": "evidence",
    "training.flow_rounds": 0,
}
FOUND = ("connectivity_R2", "tau_R2", "V_rest_R2", "message_R2")


def declared(name):
    return yaml.safe_load((SEARCHES / f"{name}.yaml").read_text())


def test_the_moves_of_this_test_are_the_parameters_of_the_search():
    assert set(MOVES) == set(declared("flyvis_recording")["params"])


@pytest.mark.parametrize("name", ["flyvis", "flyvis_published", "flyvis_alternating"])
def test_what_is_searched_about_adam_is_not_confirmed_with_a_recipe_without_it(name, compose_config):
    search = declared(name)
    assert "training.max_steps" in " ".join(search["trial_overrides"]), "the search runs Adam"
    assert compose_config("simulation=flyvis_scenes").training.max_steps == 0, "the recipe does not"
    assert search["confirm"]["budgets"] == ["search"]


@pytest.mark.slow
def test_every_parameter_of_the_search_changes_what_the_recipe_finds(run_tiny, tiny_connectome):
    def found(*moved):
        fly = ("simulation=flyvis_scenes", f"simulation.connectome={tiny_connectome}", *SMALL, *moved)
        metrics = run_tiny(*fly, folder="-".join(("run", *moved)))
        return [metrics[name] for name in FOUND]

    first = found()
    assert first == found(), "a run is repeatable, so a difference is the parameter's"
    dead = [name for name, value in MOVES.items() if found(f"{name}={value}") == first]
    assert dead == []
