"""`slot_params` through Hydra: declared in the config, kept by the slots, never swept by accident."""

from toy_sweeps import events, sweep


def values(folder, key):
    return [entry["proposal"]["values"].get(key) for event in events(folder, "asked") for entry in event["trials"]]


def toy(folder, *more, expect=0):
    words = [
        "hydra.sweeper.metric=score",
        "hydra.sweeper.n_trials=4",
        "hydra.sweeper.n_parallel=2",
        "hydra.sweeper.dispatch=batch",
        "hydra.sweeper.proposer=rules",
        "hydra.sweeper.confirm.n_seeds=0",
        "hydra.sweeper.slot_params={n:[2,8]}",
        "x=interval(0,1)",
    ]
    return sweep(folder, *words, *more, expect=expect)


def test_slots_keep_their_values_and_the_jobs_run_with_them(tmp_path):
    toy(tmp_path)
    assert values(tmp_path, "n") == [2, 8, 2, 8]
    runs = [line.split()[1] for line in (tmp_path / "runs.txt").read_text().splitlines()]
    assert runs == ["2", "8", "2", "8"]


def test_the_command_line_fixes_the_parameter_or_makes_it_an_ordinary_one(tmp_path):
    toy(tmp_path / "fixed", "n=5")
    assert values(tmp_path / "fixed", "n") == [None] * 4
    toy(tmp_path / "swept", "n=int(interval(1,7))")
    assert set(values(tmp_path / "swept", "n")) <= set(range(1, 8))


def test_a_value_that_is_no_list_and_a_key_declared_twice_are_sentences(tmp_path):
    assert "slot_params.n must be a list with one value per slot, got 3." in toy(
        tmp_path / "a", "hydra.sweeper.slot_params.n=3", expect=1
    )
    twice = toy(tmp_path / "b", "hydra.sweeper.params={n:[1,2]}", expect=1)
    assert "slot_params.n is declared under hydra.sweeper.params too" in twice
