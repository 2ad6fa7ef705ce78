"""A search with several objectives over its whole life: it finds the front, and its log says everything."""

from dataclasses import replace

import numpy as np
import pytest
from search_worlds import comparable, open_study, run_study

from hydra_llm import Float, Objectives, Space, Study
from hydra_llm.search.log.event_log import EVENTS_NAME
from hydra_llm.search.log.header import IncompatibleSweepError
from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.proposers.base import Proposer, mutate
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.records.front import lines, on_front
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Confirmation, Settings, Stop
from hydra_llm.search.tree.front import FrontMember

SPACE = Space(tuple(Float(name=name, low=0.0, high=1.0, default=0.5) for name in "abc"))
TWO = Objectives(("minimize", "maximize"), ("cost", "gain"))
WANTED = Settings(space=SPACE, objective=TWO.scalar, objectives=TWO, n_trials=12, n_parallel=1, seed=0)


def zdt1(trial):
    """Zitzler, Deb & Thiele (2000), the second objective with its sign turned: the front is gain = sqrt(cost) - 1."""
    first, *others = (trial.values[name] for name in "abc")
    g = 1.0 + 9.0 * sum(others) / len(others)
    return first, g * (np.sqrt(first / g) - 1.0)


def schaffer(trial):
    """Schaffer (1985): the front is a = 0.4 to 0.6, with c = 0."""
    u = 10.0 * trial.values["a"] - 4.0
    return u**2 + trial.values["c"], -((u - 2.0) ** 2) - trial.values["c"]


def hypervolume(members, reference):
    """Of two objectives, the first minimised, the second maximised, above the reference point."""
    volume, height = 0.0, reference[1]
    for cost, gain in sorted(member.values for member in members):
        if cost < reference[0] and gain > height:
            volume += (reference[0] - cost) * (gain - height)
            height = gain
    return volume


def searched(task, proposer, seed, n_trials=24):
    study = Study.in_memory(SPACE, TWO, n_trials=n_trials, seed=seed, proposer=proposer)
    while trials := study.ask(1):
        for trial in study.launched(trials):
            study.tell(trial.number, task(trial))
    return study


@pytest.mark.parametrize(("task", "reference"), [(zdt1, (1.1, -2.0)), (schaffer, (10.0, -10.0))])
def test_the_default_dominates_more_than_random_search_does(task, reference):
    volumes = {
        proposer: np.mean([hypervolume(searched(task, proposer, seed).front, reference) for seed in range(3)])
        for proposer in ("bayes", "random")
    }
    assert volumes["bayes"] > volumes["random"]


def test_the_default_finds_both_ends_and_the_middle_of_a_known_front():
    front = searched(zdt1, "bayes", seed=0, n_trials=32).front
    costs = np.array([member.values[0] for member in front])
    gaps = [member.values[1] - (np.sqrt(member.values[0]) - 1.0) for member in front]
    assert costs.min() < 0.05
    assert costs.max() > 0.8
    assert np.diff(np.sort(costs)).max() < 0.5
    assert np.median(gaps) > -0.1


@pytest.mark.parametrize("proposer", ["rules", "random", "tpe"])
def test_every_proposer_works_with_several_objectives(proposer):
    study = searched(zdt1, proposer, seed=0, n_trials=8)
    assert len(study.state.trials) == 8
    assert study.front
    assert study.best.number in {member.number for member in study.front}


@pytest.mark.parametrize("n_parallel", [1, 3])
@pytest.mark.parametrize("proposer", ["bayes", "tpe"])
def test_a_sweep_cut_anywhere_and_resumed_equals_the_uninterrupted_one(tmp_path, proposer, n_parallel):
    wanted = replace(WANTED, n_parallel=n_parallel)
    whole = run_study(open_study(tmp_path / "whole", wanted, proposer), zdt1)
    for told in (2, 7):
        folder = tmp_path / f"cut {told}"
        run_study(open_study(folder, wanted, proposer), zdt1, stop_after=told)
        again = open_study(folder, wanted, proposer)
        for number in list(again.state.running):
            again.put_back(number, "the sweep ended")
        assert comparable(run_study(again, zdt1)) == comparable(whole)


def test_a_sweep_read_back_has_the_values_trees_and_front_of_the_one_that_ran(tmp_path):
    study = open_study(tmp_path, WANTED, "bayes")
    run_study(study, zdt1)
    study.close()
    read = read_sweep(tmp_path)
    assert read.settings.objectives == TWO
    assert read.state.front == study.front
    assert [t.value for t in read.state.trials.values()] == [t.value for t in study.state.trials.values()]
    assert list(read.state.tree.rewards) == list(study.state.tree.rewards)
    assert '"value":null' in (tmp_path / EVENTS_NAME).read_text().replace(" ", "")  # a distance is no fact of the log


def test_the_tree_and_the_trials_have_the_same_values_however_the_frame_moved(tmp_path):
    study = open_study(tmp_path, WANTED, "random")
    run_study(study, zdt1)
    for trial in study.state.search_trials():
        assert study.state.tree.node(trial.number).scores == [TWO.scalar.score(trial.value)]


def test_other_objectives_are_another_sweep(tmp_path):
    open_study(tmp_path, WANTED).close()
    turned = Objectives(("maximize", "maximize"), TWO.metrics)
    with pytest.raises(IncompatibleSweepError, match="objectives: minimize cost, maximize gain -> maximize cost, max"):
        open_study(tmp_path, replace(WANTED, objectives=turned))


def test_patience_waits_for_a_configuration_that_joins_the_front(tmp_path):
    study = open_study(tmp_path, replace(WANTED, stop=Stop(patience=3)), "random")
    trials = run_study(study, lambda trial: (float(trial.number), -float(trial.number)))
    assert study.search_over == "no configuration joined the front in 3 trials (patience 3)"
    assert len(trials) == 4


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ({"stop": Stop(target_value=0.5)}, "stop.target_value"),
        ({"pruning": Pruning(max_minutes=1.0)}, "pruning"),
        ({"confirmation": Confirmation(2, ("search",)), "seed_keys": ("seed",)}, "confirm.n_seeds"),
        ({"promote": 2}, "promote"),
        ({"block_space": SPACE}, "block_params"),
        ({"ceiling": 1.0}, "ceiling"),
    ],
)
def test_what_compares_values_of_one_metric_is_refused(field, name):
    with pytest.raises(ValueError, match=rf"^{name} compares values of one metric, .* 2 objectives \(cost, gain\)"):
        replace(WANTED, **field)


class Again(Proposer):
    """The baseline, over and over."""

    name = "again"

    def propose(self, context):
        root = None if context.tree.root is None else context.tree.root.id
        values, (slot,) = context.space.baseline(), context.slots
        return [mutate(context, slot, root, values, strategy="replicate", source=self.name)]


def test_a_configuration_whose_first_run_failed_is_on_the_front_by_the_mean_of_the_others(tmp_path):
    wanted = replace(WANTED, n_trials=3, seed_keys=("seed",))
    study = Study(tmp_path, wanted, make_policy("puct_rank", None), Again(), argv=[])
    results = iter([(np.nan, 1.0), (2.0, 0.0), (4.0, -1.0)])
    run_study(study, lambda trial: next(results))
    assert study.front == [FrontMember(1, (3.0, -0.5), 2)]
    assert on_front(study.state) == {0: 1, 1: 1, 2: 1}
    assert study.best.number == 0
    assert lines(study.state, wanted)[1] == "  trial 1: cost=3, gain=-0.5 (mean of 2 runs), a=0.5, b=0.5, c=0.5"


def test_the_lines_say_how_many_are_on_the_front_and_what_they_are(tmp_path):
    wanted = replace(WANTED, n_trials=3, seed_keys=("seed",))
    study = open_study(tmp_path, wanted, "random")
    results = iter([(1.0, 1.0), (2.0, 0.0), (3.0, -1.0)])
    run_study(study, lambda trial: next(results))
    assert lines(study.state, wanted)[0] == "Pareto front: 1 of 3 trials (minimize cost, maximize gain)"
    assert lines(study.state, wanted)[1].startswith("  trial 0: cost=1, gain=1, a=0.5")
    assert on_front(study.state) == {0: 0}
