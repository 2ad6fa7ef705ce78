"""What an application and a command line declare, as one spec."""

import pytest
from hydra.core.config_store import ConfigStore
from toy_specs import spec_of

from hydra_llm.sweeper.errors import SweepError


def test_an_added_choice_starts_with_its_first_option_and_an_added_number_without(tmp_path):
    space = spec_of(tmp_path, "+opt=choice(adam,sgd)", "+momentum=interval(0.1,0.9)").settings.space
    assert (space.baseline()["+opt"], space.baseline()["+momentum"]) == ("adam", None)


def test_a_value_that_the_application_leaves_open_starts_in_the_middle_or_with_the_first_option(tmp_path):
    open_keys = ("x=interval(-1,3)", "opt=choice(adam,sgd)")
    with_holes = tmp_path / "conf"
    with_holes.mkdir()
    (with_holes / "config.yaml").write_text("defaults: [override hydra/sweeper: llm_ucb]\nx: ???\nopt: ???\n")
    space = spec_of(tmp_path, *open_keys, conf=with_holes).settings.space
    assert space.baseline() == {"x": 1.0, "opt": "adam"}


@pytest.mark.parametrize("keys", ["seed", "x"])
def test_a_seed_key_that_is_swept_is_refused(tmp_path, keys):
    with pytest.raises(SweepError, match=f"^{keys} is swept, and it is one of the seed_keys"):
        spec_of(tmp_path, f"hydra.sweeper.seed_keys=[{keys}]", "seed=choice(1,2,3)")


@pytest.mark.parametrize("place", ["hydra.sweeper", "search"])
def test_a_misspelt_seed_key_is_refused_before_the_first_trial(tmp_path, place):
    with pytest.raises(SweepError, match=r"^The seed key sead is not in the .* configuration\. Did you mean seed\?"):
        spec_of(tmp_path, f"{place}.seed_keys=[sead]")


@pytest.mark.parametrize("word", ["model=choice(plain,huge)", "hydra.sweeper.block_params={model: 'plain,huge'}"])
def test_an_option_that_a_config_group_lacks_is_refused_with_those_that_it_has(tmp_path, word):
    with pytest.raises(
        SweepError, match=r"^model is swept over huge, which .* does not have\. Its options: fancy,.* plain\b"
    ):
        spec_of(tmp_path, "~search.params.model", word)


def test_nodes_that_options_are_made_of_are_not_offered_as_options(tmp_path):
    store = ConfigStore.instance()
    store.store(group="opt", name="base_opt", node={"rate": 0.1})
    store.store(group="opt", name="of_the_store", node={"rate": 0.2})
    conf = tmp_path / "conf"
    (conf / "opt").mkdir(parents=True)
    (conf / "opt" / "adam.yaml").write_text("defaults: [base_opt, _self_]\n")
    (conf / "opt" / "slow_adam.yaml").write_text("defaults: [adam, _self_]\n")
    (conf / "config.yaml").write_text("defaults: [opt: adam, _self_, override hydra/sweeper: llm_ucb]\n")
    with pytest.raises(SweepError, match=r"Its options: adam, of_the_store, slow_adam\.$"):
        spec_of(tmp_path, "opt=choice(adam,sgd)", conf=conf)


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("model: huge", r"^params\.x\.when\.model names huge, which .* Its options: fancy,.* plain\b"),
        ("fault: rise", r"^params\.x\.when\.fault names 'rise', and the values of fault are '', 'raise'\.$"),
    ],
)
def test_a_condition_that_can_never_hold_is_refused(tmp_path, condition, sentence):
    params = "{x: {low: 0, high: 1, when: {" + condition + "}}, model: 'choice(plain, fancy)', fault: ['', raise]}"
    with pytest.raises(SweepError, match=sentence):
        spec_of(tmp_path, f"hydra.sweeper.params={params}")


def test_a_parameter_whose_condition_the_command_line_takes_away_is_left_out(tmp_path):
    params = "{x: {low: 0, high: 1, when: {model: fancy}}, model: 'choice(plain, fancy)', n: 'range(1,9)'}"
    assert "x" in spec_of(tmp_path, f"hydra.sweeper.params={params}").settings.space
    assert "x" not in spec_of(tmp_path, f"hydra.sweeper.params={params}", "model=choice(plain)").settings.space


@pytest.mark.parametrize(
    ("line", "direction", "target"),
    [
        ((), "maximize", None),
        (("hydra.sweeper.target=0.9",), "target", 0.9),
        (("hydra.sweeper.target=0.0", "~search.direction"), "target", 0.0),
        (("hydra.sweeper.direction=minimize",), "minimize", None),
        (("hydra.sweeper.direction=minimize", "search.direction=target", "+search.target=0.5"), "minimize", None),
        (("hydra.sweeper.direction=target", "+search.target=0.5"), "target", 0.5),
        (("~search.direction", "+search.target=0.5"), "target", 0.5),
        (("~search.direction",), "maximize", None),
    ],
)
def test_a_target_is_a_direction_unless_another_is_named_beside_it(tmp_path, line, direction, target):
    objective = spec_of(tmp_path, *line).settings.objective
    assert (objective.direction, objective.target) == (direction, target)


@pytest.mark.parametrize(
    "line", [("hydra.sweeper.target=0.9", "hydra.sweeper.direction=maximize"), ("+search.target=0.9",)]
)
def test_a_target_beside_another_direction_is_a_contradiction(tmp_path, line):
    with pytest.raises(ValueError, match=r"target must be null with direction=maximize, got 0\.9"):
        spec_of(tmp_path, *line)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("+hydra.sweeper.n_trial=5", r"hydra\.sweeper\.n_trial is no key of llm_ucb\. Use hydra\.sweeper\.n_trials"),
        (
            "+hydra.sweeper.stop.patients=5",
            r"hydra\.sweeper\.stop\.patients is no key .* Use hydra\.sweeper\.stop\.patience",
        ),
        ("+hydra.sweeper.zzz=5", r"hydra\.sweeper\.zzz is no key of llm_ucb\. Known: mode, "),
    ],
)
def test_an_unknown_key_of_the_sweeper_is_a_sentence_with_the_one_that_was_meant(tmp_path, word, sentence):
    with pytest.raises(SweepError, match=sentence):
        spec_of(tmp_path, word)


def test_candidates_that_differ_in_numbers_alone_compose_alike(tmp_path):
    spec = spec_of(tmp_path, "+m=interval(0,1)")
    one = {"x": 0.1, "n": 1, "model": "plain"}
    assert spec.shape(one, {}) == spec.shape({**one, "x": 0.9, "n": 7}, {})
    others = [{**one, "model": "fancy"}, {**one, "x": None}, {"n": 1, "model": "plain"}, {**one, "+m": 0.5}]
    assert spec.shape(one, {}) not in [spec.shape(other, {}) for other in others]
    assert spec.shape(one, {}) != spec.shape(one, {"sim": "a"})


@pytest.mark.parametrize(
    ("line", "promoted"),
    [
        ((), 2),
        (("~search.trial_overrides",), 0),  # nothing shortens the runs
        (("search.confirm.budgets=[search]",), 0),
        (("hydra.sweeper.confirm.budgets=[search]",), 0),
        (("search.confirm.budgets=[search]", "hydra.sweeper.promote=1"), 1),
        (("hydra.sweeper.n_trials=5",), 0),
    ],
)
def test_the_full_recipe_runs_at_half_time_where_it_also_confirms(tmp_path, line, promoted):
    words = line if any("n_trials" in word for word in line) else ("hydra.sweeper.n_trials=12", *line)
    assert spec_of(tmp_path, *words).settings.promote == promoted


def test_a_shortening_of_a_searched_key_is_said_to_be_left_out(tmp_path, caplog):
    spec = spec_of(tmp_path, "+hydra.sweeper.params.steps='choice(3, 4)'")
    assert "steps" not in spec.trial_overrides
    assert caplog.messages.count("trial_overrides: steps=2 is left out, because the search moves steps itself.") == 1


@pytest.mark.parametrize(
    ("folder", "by_clock"),
    [
        ("out/${now:%H-%M-%S}", True),
        ("out/${when}", True),
        ("out/${oc.select:day.late}", True),
        ("${hydra.run.dir}/s", True),
        ("out/${name}", False),
        ("out/fixed", False),
    ],
)
def test_a_sweep_folder_that_leads_to_the_time_of_day_through_other_keys_is_named_by_it(tmp_path, folder, by_clock):
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "config.yaml").write_text(
        "defaults: [override hydra/sweeper: llm_ucb]\nx: 0.5\nname: a\nwhen: at ${day.late}\n"
        "day: {late: '${now:%H}'}\nsearch: {params: {x: 'interval(0, 1)'}}\n"
    )
    spec = spec_of(folder, "hydra.run.dir=out/${now:%H}", conf=conf)
    assert spec.named_by_clock == by_clock
