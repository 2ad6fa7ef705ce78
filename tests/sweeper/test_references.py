"""`confirm.references` through Hydra: the overrides reach the jobs of the reference alone."""

from toy_sweeps import events, sweep


def toy(folder, references, expect=0):
    words = [
        "hydra.sweeper.metric=score",
        "hydra.sweeper.n_trials=2",
        "hydra.sweeper.proposer=rules",
        "hydra.sweeper.seed_keys=[seed]",
        f"hydra.sweeper.confirm={{n_seeds: 2, budgets: [search], references: {references}}}",
        "x=interval(0,1)",
    ]
    return sweep(folder, *words, expect=expect)


def test_a_reference_runs_with_its_overrides_on_the_seeds_of_the_baseline(tmp_path):
    toy(tmp_path, "{other: {n: 7}}")
    confirmed = [t for e in events(tmp_path, "asked") for t in e["trials"] if t.get("purpose") == "confirm"]
    seeds = {role: [t["seeds"] for t in confirmed if t["proposal"]["role"] == role] for role in ("baseline", "other")}
    assert len(seeds["other"]) == 2
    assert seeds["other"] == seeds["baseline"]
    runs = [line.split()[1] for line in (tmp_path / "runs.txt").read_text().splitlines()]
    assert runs.count("7") == 2


def test_a_reference_that_does_not_compose_is_a_sentence(tmp_path):
    assert "confirm.references.other does not compose" in toy(tmp_path, "{other: {nn: 7}}", expect=1)
