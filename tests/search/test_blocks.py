from dataclasses import replace
from itertools import pairwise

import pytest
from search_worlds import OBJECTIVE, bowl, comparable, ended, open_study, run_study, settings, trial

from hydra_llm.search.blocks import block_of
from hydra_llm.search.collapse import Collapse
from hydra_llm.search.log.event_log import EVENTS_NAME, EventLog
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.proposers.notes import BlockWish, Notes
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.records.confirmation import compare, summary_lines
from hydra_llm.search.records.snapshots import BlockSnapshots
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Confirmation, Stop
from hydra_llm.search.space.block_values import refusal
from hydra_llm.search.space.space import Categorical, Float, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialState

REGIMES = Space(
    (
        Categorical(name="simulation", choices=("chaotic", "low_rank", "dale"), default="chaotic"),
        Categorical(name="n_types", choices=(1, 4), default=1),
    )
)
BLOCKED = settings(n_trials=20, n_iter_block=5, block_space=REGIMES)


def test_iterations_map_to_blocks_and_places_counted_from_one():
    assert [block_of(i, 4) for i in (1, 4, 5, 8, 9)] == [(1, 1), (1, 4), (2, 1), (2, 4), (3, 1)]


def test_block_parameters_change_at_boundaries_only_and_untested_regimes_come_first(tmp_path):
    study = open_study(tmp_path, BLOCKED)
    trials = run_study(study)
    assert [t.block for t in trials] == [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5
    regimes = [tuple(b.values.values()) for b in study.state.blocks]
    assert regimes[0] == ("chaotic", 1)
    assert len(set(regimes)) == 4


def test_one_factor_changes_from_block_to_block_while_such_regimes_are_untested(tmp_path):
    study = open_study(tmp_path, settings(n_trials=30, n_iter_block=5, block_space=REGIMES))
    run_study(study)
    regimes = [tuple(block.values.values()) for block in study.state.blocks]
    assert len(set(regimes)) == 6
    changes = [sum(a != b for a, b in zip(one, other, strict=True)) for one, other in pairwise(regimes)]
    assert changes == [1, 1, 1, 1, 1]


def test_one_factor_changes_where_regimes_are_drawn_from_an_interval_too(tmp_path):
    space = Space((*REGIMES.dimensions, Float(name="delta_t", low=0.01, high=0.05, default=0.02)))
    study = open_study(tmp_path, settings(n_trials=20, n_iter_block=5, block_space=space))
    run_study(study)
    regimes = [tuple(block.values.values()) for block in study.state.blocks]
    assert all(sum(a != b for a, b in zip(one, other, strict=True)) == 1 for one, other in pairwise(regimes))


def test_each_block_starts_a_tree_of_its_own_at_the_baseline(tmp_path):
    study = open_study(tmp_path, BLOCKED)
    trials = run_study(study)
    for number in (0, 5, 10, 15):
        assert trials[number].proposal.strategy == "baseline"
        assert trials[number].proposal.parent is None
    assert [sum(node.runs for node in tree) for tree in study.state.trees.values()] == [5, 5, 5, 5]


def test_a_batch_never_crosses_a_block_border(tmp_path):
    trials = run_study(open_study(tmp_path, replace(BLOCKED, n_parallel=4)))
    assert [t.block for t in trials] == [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5


def test_a_sweep_with_blocks_resumes_exactly(tmp_path):
    whole = run_study(open_study(tmp_path / "a", BLOCKED))
    run_study(open_study(tmp_path / "b", BLOCKED), stop_after=7)
    assert comparable(run_study(open_study(tmp_path / "b", BLOCKED))) == comparable(whole)


def test_without_n_iter_block_the_sweep_is_one_block(tmp_path):
    study = open_study(tmp_path, settings(n_trials=6, block_space=REGIMES))
    run_study(study)
    assert len(study.state.blocks) == 1


COLLAPSE = Collapse.of({"when": {"effective_rank": [None, 8], "spectral_radius": [None, 0.7]}, "worse_than": 0.05})


def test_dynamics_that_fell_into_a_fixed_point_end_the_block_early(tmp_path):
    def dead(trial):
        metrics = {"R2": 0.01, "effective_rank": 2.0, "spectral_radius": 0.5}
        return Outcome(TrialState.COMPLETED, value=0.01, metrics=metrics) if trial.block == 1 else bowl(trial)

    trials = run_study(open_study(tmp_path, replace(BLOCKED, collapse=COLLAPSE)), dead)
    assert [t.block for t in trials][:5] == [1, 1, 1, 2, 2]
    undeclared = run_study(open_study(tmp_path / "undeclared", BLOCKED), dead)
    assert undeclared[3].block == 1


def test_a_good_loss_is_no_collapse(tmp_path):
    low = {"effective_rank": 2.0, "spectral_radius": 0.5}
    trials = [ended(trial(number, None, 0.01), metrics=low) for number in range(3)]
    assert COLLAPSE.seen_in(trials, Objective())
    assert not COLLAPSE.seen_in(trials, Objective(direction="minimize"))
    assert not COLLAPSE.seen_in([ended(t, metrics={}) for t in trials], Objective())


@pytest.mark.parametrize("spec", [{}, {"worse_than": 1, "metric": "a"}, {"worse_than": 1, "when": {"a": 3}}])
def test_a_wrong_declaration_of_collapse_is_a_sentence(spec):
    with pytest.raises(ValueError, match=r"^collapse"):
        Collapse.of(spec)


def easy_and_hard(trial):
    """The second regime never comes near the first."""
    return {"R2": bowl(trial)["R2"] - (0.0 if trial.block == 1 else 100.0)}


TWO = replace(
    BLOCKED,
    n_trials=24,
    n_iter_block=12,
    block_space=Space((Categorical(name="sim", choices=("a", "b"), default="a"),)),
)


def test_patience_belongs_to_a_regime_and_ends_its_block(tmp_path):
    study = open_study(tmp_path, replace(TWO, stop=Stop(patience=4)))
    run_study(study, lambda t: {"R2": 1.0 - t.number * 0.01 if t.block == 1 else -100.0 + t.number * 0.01})
    blocks = [trial.block for trial in study.state.search_trials()]
    assert blocks.count(1) == 5, "no trial was better than the first"
    assert blocks.count(2) == 12, "every one was better than the last, and all worse than the first regime"


def test_a_target_that_one_regime_reaches_is_still_looked_for_in_the_next(tmp_path):
    study = open_study(tmp_path, replace(TWO, stop=Stop(target_value=0.5)))
    run_study(study, lambda t: {"R2": 1.0 if t.block == 1 else 0.1})
    assert [trial.block for trial in study.state.search_trials()][:13] == [1] + [2] * 12


def test_the_best_of_a_sweep_is_not_the_baseline_of_the_easiest_regime(tmp_path):
    study = open_study(tmp_path, TWO)
    run_study(study, lambda t: {"R2": 0.9 if t.block == 1 else 0.1 + 0.02 * t.number})
    best = study.state.best()
    assert best is not None
    assert best.block == 2
    assert [trial.block for trial in study.state.bests()] == [1, 2]


def test_every_regime_is_confirmed(tmp_path):
    wanted = replace(TWO, seed_keys=("seed",), confirmation=Confirmation(2, ("search",)))
    study = open_study(tmp_path, wanted)
    run_study(study, easy_and_hard)
    assert {trial.block for trial in study.state.confirmations} == {1, 2}
    assert [item.regime for item in compare(study.state)] == ["sim=a", "sim=b"]
    assert all(item.pairs == 2 for item in compare(study.state))
    assert [line for line in summary_lines(study.state, OBJECTIVE) if "of sim=b" in line]


class Chooser(Proposer):
    """The rules with an opinion on the next block, given at the last trial of each block from `wishes`."""

    name = "llm"

    def __init__(self, wishes):
        self.wishes = wishes  # block -> (values, refused)

    def propose(self, context):
        block = context.block
        values, refused = self.wishes.get(block.index, (None, "")) if block.k == block.n_iter_block else (None, "")
        wish = BlockWish(values, "to see", refused) if values or refused else None
        return Decision(tuple(RulesProposer().propose(context)), Notes(next_block=wish))


def chosen_study(folder, wishes, wanted=BLOCKED, **more):
    return Study(folder, wanted, make_policy("puct_rank", None), Chooser(wishes), argv=["t"], **more)


def regime(simulation, n_types):
    return {"simulation": simulation, "n_types": n_types}


def test_the_proposer_chooses_the_regime_of_the_next_block(tmp_path):
    wishes = {1: (regime("chaotic", 4), ""), 3: (regime("dale", 4), "")}
    study = chosen_study(tmp_path, wishes)
    run_study(study)
    blocks = study.state.blocks
    assert [b.chosen_by for b in blocks] == ["untested-first", "llm", "untested-first", "llm"]
    assert (blocks[1].values, blocks[1].reason) == (regime("chaotic", 4), "to see")
    assert blocks[3].values == regime("dale", 4)
    study.close()
    kinds = [event.type for event in EventLog(tmp_path / EVENTS_NAME).events]
    second = [place for place, kind in enumerate(kinds) if kind == "block"][1]
    assert kinds.index("next_block") < second, "the choice is on record before its block starts"


def test_a_choice_that_can_not_be_falls_to_the_untested_first_rule_with_the_reason(tmp_path):
    wishes = {
        1: (regime("chaotic", 1), ""),
        2: (None, "simulation=loud is none of the choices."),
        3: (regime("dale", 9), ""),
    }
    study = chosen_study(tmp_path, wishes)
    run_study(study)
    by_rule = open_study(tmp_path / "rules", BLOCKED)
    run_study(by_rule)
    assert [b.chosen_by for b in study.state.blocks] == ["untested-first"] * 4
    assert [b.values for b in study.state.blocks] == [b.values for b in by_rule.state.blocks]
    assert "was block 1 already" in study.state.blocks[1].refused
    assert "loud" in study.state.blocks[2].refused
    assert "n_types" in study.state.blocks[3].refused


def test_a_choice_that_does_not_compose_is_refused_with_the_reason(tmp_path):
    def validate(values, block):
        return ["It does not compose: no dale here."] if block.get("simulation") == "dale" else []

    study = chosen_study(tmp_path, {1: (regime("dale", 1), "")}, replace(BLOCKED, n_trials=6), validate=validate)
    asked = study.ask(1)
    for _ in range(5):
        study.tell(study.launched(asked)[0].number, Outcome(TrialState.COMPLETED, value=0.5, metrics={}))
        asked = study.ask(1)
        if not asked:  # the rule's own choice is dale as well
            break
    assert study.state.blocks[1].refused == "It does not compose: no dale here."
    assert study.state.blocks[1].chosen_by == "untested-first"


def test_a_tested_regime_may_come_again_once_all_were_tested():
    tested = [regime(simulation, n) for simulation in ("chaotic", "low_rank", "dale") for n in (1, 4)]
    assert "was block 2 already" in refusal(REGIMES, regime("chaotic", 4), tested[:5])
    assert refusal(REGIMES, regime("chaotic", 4), tested) == ""


def test_a_choice_survives_an_interruption_at_the_block_border(tmp_path):
    wishes = {1: (regime("dale", 1), ""), 2: (regime("chaotic", 4), "")}
    whole = run_study(chosen_study(tmp_path / "a", wishes))
    for told in (4, 5, 6, 10):
        folder = tmp_path / f"b{told}"
        run_study(chosen_study(folder, wishes), stop_after=told)
        resumed = chosen_study(folder, {} if told >= 10 else wishes)  # at 10 both choices are in the log
        assert comparable(run_study(resumed)) == comparable(whole)
        assert [b.chosen_by for b in resumed.state.blocks][:3] == ["untested-first", "llm", "llm"]


def test_the_proposer_sees_the_block_space_only_while_another_block_follows(tmp_path):
    seen = []

    class Watcher(Chooser):
        def propose(self, context):
            seen.append((context.block_space, len(context.tested_regimes)))
            return super().propose(context)

    wanted = replace(BLOCKED, n_trials=6, n_iter_block=3)
    run_study(Study(tmp_path, wanted, make_policy("puct_rank", None), Watcher({}), argv=["t"]))
    assert seen == [(REGIMES, 1)] * 3 + [(REGIMES, 2), (None, 2)], "the second of a new regime is the leader, by nobody"


def snapshot_files(folder):
    found = [path for kind in ("protocol", "memory", "ucb") for path in (folder / kind).glob("*")]
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def test_the_end_of_a_block_leaves_protocol_memory_and_scores(tmp_path):
    study = chosen_study(tmp_path, {1: (regime("dale", 1), "")}, protocol="# Rules\n")
    snapshots = BlockSnapshots(tmp_path, BLOCKED, study.policy)
    run_study(study, stop_after=7)
    study = chosen_study(tmp_path, {}, protocol="# Other rules\n")
    study.note("memory", "seen in block 2", "t")
    snapshots.write(study.state)
    first = snapshot_files(tmp_path)
    protocols = ["protocol/block_001.md", "protocol/block_002.md"]  # the running block's is known from its start
    assert sorted(first) == ["memory/block_001_memory.md", *protocols, "ucb/block_001.txt"]
    assert first["protocol/block_001.md"] == "# Rules\n"
    assert first["memory/block_001_memory.md"].startswith("# Block 1: simulation=chaotic, n_types=1")
    assert "seen in block 2" not in first["memory/block_001_memory.md"]
    assert first["ucb/block_001.txt"].startswith("Block 1, iterations 0-4")
    run_study(study)
    snapshots.write(study.state, over=True)
    last = snapshot_files(tmp_path)
    assert len(last) == 12
    assert {name: last[name] for name in first} == first
    assert last["protocol/block_002.md"] == "# Other rules\n"
    assert "Chosen by: llm, to see" in last["memory/block_002_memory.md"]
    assert "seen in block 2" in last["memory/block_002_memory.md"]


def test_lost_snapshots_are_rebuilt_from_the_log(tmp_path):
    study = chosen_study(tmp_path, {}, protocol="# Rules\n")
    run_study(study)
    BlockSnapshots(tmp_path, BLOCKED, study.policy).write(study.state, over=True)
    before = snapshot_files(tmp_path)
    for name in before:
        (tmp_path / name).unlink()
    study.close()
    again = chosen_study(tmp_path, {}, protocol="# Rules\n")
    BlockSnapshots(tmp_path, BLOCKED, again.policy).write(again.state, over=True)
    assert snapshot_files(tmp_path) == before


def test_a_block_with_a_running_trial_has_no_snapshot_yet(tmp_path):
    study = open_study(tmp_path, replace(BLOCKED, n_trials=10, n_parallel=1))
    run_study(study, stop_after=4)
    study = open_study(tmp_path, replace(BLOCKED, n_trials=10, n_parallel=1))
    study.launched(study.ask(1))
    study.launched(study.ask(1))  # block 2 starts while the last trial of block 1 runs
    assert len(study.state.blocks) == 2
    BlockSnapshots(tmp_path, BLOCKED, study.policy).write(study.state)
    assert snapshot_files(tmp_path) == {}


def test_earlier_blocks_stay_readable_in_the_analysis(tmp_path):
    study = open_study(tmp_path, BLOCKED)
    run_study(study)
    study.analysis.write(tmp_path)
    text = (tmp_path / "analysis.md").read_text()
    assert text.startswith("# Block 1: simulation=chaotic, n_types=1\n")
    assert text.count("--- NEW SIMULATION BLOCK ---") == 3
    assert text.count("\n## Simulation Block ") == 3, "the last block is summarised when the sweep is over"
    assert text.count("## Iter ") == 19, "the last trial's entry waits for what is said of it"
    study.finish("over")
    study.analysis.write(tmp_path)
    text = (tmp_path / "analysis.md").read_text()
    assert text.count("\n## Simulation Block ") == 4
    assert text.count("## Iter ") == 20
    for first in (0, 5, 10, 15):
        assert f"Node: id={first}, parent=root" in text
