"""Asking a recorded decision again: the same question, the same rates by hand, and nothing of the sweep touched."""

import json

import llm_sweeps
import pytest
from llm_sweeps import slot
from search_worlds import bowl, open_study, run_study, settings
from typer.testing import CliRunner

from hydra_llm.cli.main import app
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.transcript import TranscribingClient, Transcript
from hydra_llm.report.errors import RepeatError
from hydra_llm.report.repeatability.agreement import ChosenValues, agreement_among, agreement_with, direction
from hydra_llm.report.repeatability.repeat import decisions, repeat
from hydra_llm.search.log import reader
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.space.dimension import Revision
from hydra_llm.search.space.space import Space
from hydra_llm.search.study import Study


def answer(parent, *moves):
    return json.dumps(llm_sweeps.answer(*(slot(i, parent, moved=moved) for i, moved in enumerate(moves))))


def command(*arguments):
    """Standard output of `hydra-llm repeat`. Raises what it raises."""
    result = CliRunner().invoke(app, ["repeat", *map(str, arguments)])
    if result.exception is not None:
        raise result.exception
    return result.stdout


WANTED = settings(n_trials=4, n_parallel=1)
SCRIPT = [answer(0, {"lr": 0.01}), answer(1, {"depth": 7}), "no idea", answer(2, {"net": "b"})]


@pytest.fixture
def sweep(tmp_path):
    """Baseline and three decisions, the last of them corrected once."""
    client = TranscribingClient(ScriptedClient(SCRIPT), Transcript(tmp_path / "transcripts"), "record")
    study = Study(tmp_path, WANTED, make_policy("puct_rank", None), LlmProposer(client, LlmSettings()), argv=["t"])
    run_study(study, bowl)
    study.close("test")
    return tmp_path


def test_the_decisions_of_a_sweep_are_listed_in_order(sweep):
    assert [(d.number, d.trial, d.slots) for d in decisions(sweep)] == [(1, 1, (0,)), (2, 2, (0,)), (3, 3, (0,))]
    assert "2: trial 2, block 1, slots [0]" in command(sweep)


def test_the_question_is_the_recorded_one_word_for_word_and_each_time_another_sample(sweep):
    client = ScriptedClient([SCRIPT[1]] * 3)
    repeat(sweep, 2, 3, client)
    recorded = Transcript(sweep / "transcripts").read(decisions(sweep)[1].digest)["request"]
    assert len(client.requests) == 3
    for sample, request in enumerate(client.requests, start=1):
        assert request.record() == {**recorded, "sample": sample}


def test_agreement_is_counted_by_parent_parameter_and_direction(sweep):
    client = ScriptedClient(
        [answer(1, {"depth": 12}), answer(1, {"depth": 1}), answer(0, {"depth": 9}), answer(1, {"lr": 0.1}), "prose"]
    )
    done = repeat(sweep, 2, 5, client)
    assert len(done.draws) == 4
    assert done.unusable[0].startswith("answer 5: The answer is prose")
    with_recorded = {aspect: pair[0].share for aspect, pair in done.rates().items()}
    assert with_recorded == {"parent": 0.75, "parameter": 0.75, "direction": 0.5, "whole choice": 0.25}
    among = {aspect: pair[1] for aspect, pair in done.rates().items()}
    assert among["parent"].share == pytest.approx(6 / 10), "five answers, four of them with parent 1"
    assert all(rate.low <= rate.share <= rate.high for rate in among.values())
    page = done.render()
    assert "Usable answers: 4 of 5" in page
    assert "| node 1: depth=12; node 1: depth=7 | 1 | recorded |" in page
    assert "75 % (30..95)" in page


def test_an_answer_that_could_not_have_run_is_counted_and_marked(sweep):
    page = repeat(sweep, 2, 2, ScriptedClient([answer(3, {"depth": 7}), answer(1, {"depth": 99})])).render()
    assert "parent 3 had no result" in page
    assert "outside its range" in page


def test_a_repetition_never_writes_into_the_sweep_and_goes_on_from_its_own_answers(sweep):
    (sweep / "multirun.yaml").write_text("hydra: {sweeper: {llm: {client: openai, model: m}}}")
    before = {p: p.read_bytes() for p in sweep.rglob("*") if p.is_file()}
    script = json.dumps([SCRIPT[1]] * 4)
    asked = (sweep, "--decision", 2, "--times", 4, "--set", "client=scripted", "--set")
    first = command(*asked, f"script={script}")
    assert {p: p.read_bytes() for p in before} == before
    assert "| whole choice | 100 % (51..100) |" in first
    assert command(*asked, "transcript=replay") == first, "answers are on file: no model is needed"
    assert json.loads((sweep / "repeat" / "decision_002.json").read_text())["times"] == 4


def test_what_cannot_be_asked_again_is_a_sentence(sweep, tmp_path):
    with pytest.raises(RepeatError, match=r"no decision 9\. There are 1 to 3"):
        repeat(sweep, 9, 1, ScriptedClient([]))
    with pytest.raises(RepeatError, match="times must be at least 1, got 0"):
        repeat(sweep, 1, 0, ScriptedClient([]))
    for path in (sweep / "transcripts").glob("*.json"):
        path.unlink()
    with pytest.raises(RepeatError, match="transcript=record can be asked again"):
        repeat(sweep, 1, 1, ScriptedClient([]))
    with pytest.raises(RepeatError, match=r"A key of hydra.sweeper.llm must be one of client, model,.*got modle"):
        command(sweep, "--decision", 1, "--set", "modle=x")
    with pytest.raises(RepeatError, match=r"A setting must be written key=value, such as model=gpt-4.1, got 'model'"):
        command(sweep, "--decision", 1, "--set", "model")
    (sweep / "multirun.yaml").write_text("hydra: [")
    with pytest.raises(RepeatError, match=r"multirun.yaml cannot be read"):
        command(sweep, "--decision", 1)
    with pytest.raises(RepeatError, match="holds no sweep"):
        command(tmp_path / "transcripts")


def test_a_sweep_without_a_model_has_no_decisions(tmp_path):
    run_study(open_study(tmp_path, WANTED))
    assert decisions(tmp_path) == []


def test_the_space_of_a_log_is_the_space_that_wrote_it():
    assert reader.space_of(WANTED.space.spec()).hash == WANTED.space.hash
    kinds = {dimension.kind for dimension in WANTED.space.dimensions}
    code = Space((Revision(name="source", choices=("base", "r1"), default="base"),))
    assert reader.space_of(code.spec()).hash == code.hash
    assert set(reader.KINDS) == kinds | {Revision.kind}


# ---- rates ----


def choice(parent, **moves):
    return ChosenValues(parent, tuple(sorted(moves.items())), "")


def test_equal_answers_agree_fully_and_different_ones_not_at_all():
    same = [{0: choice(1, lr="up")}] * 4
    assert agreement_among(same, "whole choice").share == 1.0
    apart = [{0: choice(n, lr="up")} for n in range(4)]
    assert agreement_among(apart, "parent").share == 0.0
    assert agreement_among(apart, "direction").share == 1.0
    assert agreement_among(apart[:1], "parent").share is None


def test_only_slots_that_both_filled_are_compared():
    rate = agreement_with({0: choice(1), 1: choice(2)}, [{0: choice(1)}, {1: choice(3)}, {}], "parent")
    assert (rate.share, rate.count) == (0.5, 2)
    assert str(agreement_with({0: choice(1)}, [{}], "parent")) == "-", "nothing to compare"


def test_directions_follow_the_order_of_a_parameter():
    space = WANTED.space
    assert direction(space, "lr", 0.1, 0.01) == "down"
    assert direction(space, "depth", 2, "7") == "up"
    assert direction(space, "net", "a", "b") == "to b"
    assert direction(space, "depth", 2, "many") == "to many"
    assert direction(space, "gone", 1, 2) == "to 2"
