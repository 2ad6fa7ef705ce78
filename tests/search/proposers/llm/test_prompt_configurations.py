"""What a question says where every run draws its own seeds: means and their scatter, no recordings."""

from dataclasses import replace

from search_worlds import OBJECTIVE, SPACE, tree_of, trial

from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm.prompt_configurations import configurations
from hydra_llm.search.proposers.llm.prompt_fixed import seeds
from hydra_llm.search.proposers.llm.prompt_sections import noise
from hydra_llm.search.proposers.llm.prompt_trials import news, trials
from hydra_llm.search.statistics.openings import lacks_a_recording


def drawn():
    """Three runs of a baseline and one of a better configuration, each on seeds of its own."""
    runs = [trial(0, None, 0.50), trial(1, None, 0.52), trial(2, 0, 0.51), trial(3, 0, 0.70, depth=7)]
    every = tuple(replace(run, seeds={"seed": 10 + run.number}) for run in runs)
    return Context(SPACE, OBJECTIVE, tree_of(*every), every, (), seed_keys=("seed",), fresh_seeds=True)


def test_configurations_have_mean_runs_and_scatter_in_place_of_recordings():
    section = configurations(drawn())
    assert section.head[-2].startswith("| node | R2, mean | runs | sd | CV % | against the leader |")
    assert section.rows[0].startswith("| 3 leader | 0.7 | 1 | - | - | - |")
    assert section.rows[1].startswith("| 0 | 0.51 | 3 | 0.01 | 2 | -0.19 |")


def test_the_leader_has_a_row_however_many_challengers_are_ahead_of_it():
    second = {"seed": 7}
    runs = [
        trial(0, None, 0.50),
        replace(trial(1, None, 0.40), seeds=second),
        *(trial(number, 0, 0.50, depth=number) for number in range(3, 18)),
    ]
    context = Context(SPACE, OBJECTIVE, tree_of(*runs), tuple(runs), (), seed_keys=("seed",))
    leader = context.recordings.leader
    assert context.recordings.ranked.index(leader) > 10
    assert configurations(context).capped().rows[0].startswith(f"| {leader.id} leader |")


def test_a_change_is_against_the_mean_of_the_parent():
    text = trials(drawn()).text
    assert "recording" not in text
    assert "against the mean of the parent" in text
    assert "-> 7 | 0.7 | +0.19 |" in text
    assert news(drawn(), drawn().trials[3]).endswith(": R2 0.7, +0.19 against 0")


def test_seeds_and_noise_are_those_of_runs():
    assert "no two runs share a recording" in seeds(drawn()).text
    assert "- of one run: 0.01 (2 degrees of freedom)" in noise(drawn()).text


def test_a_leader_that_ran_once_lacks_a_rerun():
    assert lacks_a_recording(drawn()) == ["the leader 3 ran once only; next: a rerun"]
