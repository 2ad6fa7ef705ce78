"""Every key that a search of the fly moves changes what its trials find, and what it confirms with."""

import re
from pathlib import Path

import pytest
import yaml

SEARCHES = Path(__file__).parents[2] / "conf" / "search"
SPACES = sorted(path.stem for path in SEARCHES.glob("flyvis*.yaml"))
OURS = tuple(name for name in SPACES if name != "flyvis_davis")  # which adds films to search=flyvis
RECIPE = (  # the default recipe on 120 frames, with something to decide for each key
    "training.projection_iterations=3",
    "training.projection_frames=60",
    "training.projection_screening_iterations=1",
    "training.flow_rounds=1",
    "training.must_beat=[]",
)
SMALL = {
    "flyvis": ("training.max_steps=510", "training.must_beat=[]"),  # beyond the longest closed_form_interval
    "flyvis_alternating": ("training.max_steps=64", "training.must_beat=[]"),
    "flyvis_published": ("training.must_beat=[]", "training.data_augmentation_loop=10"),
    "flyvis_recording": RECIPE,
}
SHORTER = {  # ends of ranges that 120 frames have no use for
    "training.projection_iterations": (6, 10),
    "training.projection_frames": (100, 120),
    "training.projection_screening_iterations": (2, 3),
    "training.closed_form_frames": (40, 80),
    "training.flow_rounds": (0, 2),
    "training.data_augmentation_loop": (12, 20),
    "model.hidden_dim": (16, 24),
}
FOUND = ("connectivity_R2", "tau_R2", "V_rest_R2", "message_R2")
IMPLIED = ("-m", "hydra", "trainer=", "search=", "simulation=", "simulation.extent=")


def declared(name):
    return yaml.safe_load((SEARCHES / f"{name}.yaml").read_text())


def command(name):
    """The overrides of the command that a file opens with, but for size, films and sweeper."""
    head = re.match(r"(# .*\n)+", (SEARCHES / f"{name}.yaml").read_text())
    assert head is not None
    told = re.search(r"python train\.py (.*?)\n(?!  )", head[0].replace("# ", "").replace("\\\n", ""), re.S)
    assert told is not None
    return [token for token in told[1].split() if not token.startswith(IMPLIED)]


def ends(key, grammar):
    """Values at both ends of a declared range; of a choice the first and the last one."""
    if key in SHORTER:
        return SHORTER[key]
    if not isinstance(grammar, str):
        return grammar["choices"][0], grammar["choices"][-1]
    values = re.sub(r"\w+\(|\)|\b(?:log|ordered)\b,?", "", grammar).replace(" ", "").strip(",").split(",")
    return values[0], values[-1]


def condition(grammar):
    """The overrides under which a key counts at all."""
    return () if isinstance(grammar, str) else tuple(f"{key}={value}" for key, value in grammar["when"].items())


@pytest.fixture
def trial(run_tiny, tiny_connectome):
    """trial(space, *moved) -> what a trial finds, as the search runs it, on 120 frames of a tiny connectome."""

    def found(name, *moved):
        shortened = [part.partition("=")[0] for part in SMALL[name]]
        overrides = [
            part for part in declared(name).get("trial_overrides", ()) if part.partition("=")[0] not in shortened
        ]
        fly = ("simulation=flyvis_scenes", f"simulation.connectome={tiny_connectome}", f"search={name}", *command(name))
        metrics = run_tiny(*fly, *overrides, *SMALL[name], *moved, folder="-".join(("run", *moved)).replace("/", "_"))
        return [metrics.get(score) for score in FOUND]

    return found


def test_the_commands_of_the_searches_are_found_in_their_files():
    assert command("flyvis") == []
    assert command("flyvis_published") == ["model=flyvis_gnn_published"]
    assert command("flyvis_alternating") == ["model=flyvis_gnn_published", "training=flyvis_alternating"]
    assert ends("training.coeff_W_L1", "tag(log, interval(1e-6, 1e-3))") == ("1e-6", "1e-3")
    assert ends("training.batch_size", "tag(ordered, choice(1, 2, 4))") == ("1", "4")


@pytest.mark.parametrize("name", SPACES)
def test_what_is_searched_about_adam_is_not_confirmed_with_a_recipe_without_it(name, compose_config):
    search = compose_config("simulation=flyvis_scenes", f"search={name}").search
    assert compose_config("simulation=flyvis_scenes").training.max_steps == 0, "the recipe takes no step of Adam"
    assert search.confirm.budgets == ["search"]
    if name != "flyvis_recording":
        assert "training.max_steps" in " ".join(search.trial_overrides), "the search runs Adam"


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_every_key_of_a_search_changes_what_its_trials_find(name, trial):
    first = trial(name)
    assert first == trial(name), "a run is repeatable, so a difference is the key's"
    params = declared(name)["params"]
    without: dict[tuple[str, ...], list[float | None]] = {(): first}  # by the condition of a key: before it is moved

    def changes(key, grammar):
        under = condition(grammar)
        if under not in without:
            without[under] = trial(name, *under)
        return any(trial(name, *under, f"{key}={value}") != without[under] for value in ends(key, grammar))

    assert [key for key, grammar in params.items() if not changes(key, grammar)] == []
