"""The model as a proposer: asked, corrected, replaced in the open."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llm_sweeps import GOOD, SPACE, answer, empty, slot, small
from search_worlds import ended

from hydra_llm.llm.errors import BudgetSpent, ImagesRefused, NotAuthorised, Unavailable
from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.llm.transcript import TranscribingClient, Transcript
from hydra_llm.search.ask import fill
from hydra_llm.search.context import Block, Slot
from hydra_llm.search.proposers.base import Proposer, ProposerStop
from hydra_llm.search.proposers.llm.build import build
from hydra_llm.search.proposers.llm.prompt_figures import MAX_BYTES
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.proposers.notes import BlockWish, Remark
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.space.space import Categorical, Space
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.provenance import Provenance

DOWN = Unavailable("The provider is down since noon.")
PNG = b"\x89PNG\r\n\x1a\n"
SLOT_1 = answer(GOOD["slots"][1])


def proposer(*script, **options):
    client = ScriptedClient(script)
    return LlmProposer(client, LlmSettings.of(options)), client


def test_it_is_a_proposer_that_the_registry_finds_by_name(tmp_path):
    made = make_proposer("llm", {"client": "scripted", "folder": str(tmp_path), "instructions": "signal"})
    assert isinstance(made, Proposer)
    assert made.name == "llm"


def test_a_right_answer_needs_one_question():
    llm, client = proposer(GOOD)
    decision = llm.propose(small())
    assert [p.slot for p in decision.proposals] == [0, 1]
    assert {str(p.provenance) for p in decision.proposals} == {"llm"}
    assert len(client.requests) == 1
    kinds = client.requests[0].schema["$defs"]["Mutation"]["anyOf"]
    offered = [key for kind in kinds for key in kind["properties"]["key"]["enum"]]
    assert offered == ["training.lr", "training.batch_size", "model.act"], "a locked parameter is not even offered"
    assert decision.failed == ""


def test_a_wrong_answer_is_returned_with_the_reason_and_can_be_corrected():
    llm, client = proposer(answer(slot(0, moved={"training.lr": 7.0}), GOOD["slots"][1]), answer(slot(0)))
    decision = llm.propose(small())
    assert [str(p.provenance) for p in decision.proposals] == ["llm", "llm"]
    first, second = client.requests
    assert second.messages[:2] == first.messages
    assert "7.0" in second.messages[2].text
    complaint = second.messages[3].text
    assert "training.lr=7.0 lies outside its range" in complaint
    assert "slots 0 only" in complaint, "slot 1 was right and is not asked again"
    assert decision.questions[0]["problems"][0].startswith("Slot 0: training.lr=7.0")


def test_prose_is_returned_and_its_author_sees_it_again():
    llm, client = proposer("I would lower the rate.", GOOD)
    llm.propose(small())
    assert client.requests[1].messages[2].text == "I would lower the rate."
    assert "prose without a JSON object" in client.requests[1].messages[3].text


def test_after_the_last_repair_the_open_slot_goes_to_the_rules_and_says_so():
    wrong = answer(slot(0, moved={"training.lr": 7.0}), GOOD["slots"][1])
    llm, client = proposer(wrong, answer(slot(0, parent=99)), max_repairs=1)
    first, second = fill(small(), llm).proposals
    assert len(client.requests) == 2
    assert second.provenance == Provenance("llm")
    assert str(first.provenance).startswith("rules (llm failed: 2 answers with errors, the last: Slot 0: parent=99")
    assert SPACE.validate(first.values) == []


@pytest.mark.parametrize("trouble", [DOWN, BudgetSpent("Another call would bring the model to 9 calls.")])
def test_an_outage_is_no_silence(trouble):
    llm, _ = proposer(trouble)
    proposals = fill(small(), llm).proposals
    assert len(proposals) == 2
    assert {str(p.provenance) for p in proposals} == {f"rules (llm failed: {trouble})"}


def test_an_outage_in_the_middle_keeps_what_was_right():
    llm, _ = proposer(answer(slot(0), slot(1, parent=77)), DOWN)
    first, second = fill(small(), llm).proposals
    assert first.provenance == Provenance("llm")
    assert second.provenance == Provenance("rules", f"llm failed: {DOWN}")


def test_a_configuration_that_does_not_compose_goes_back_to_the_model_and_is_on_record():
    refused = small(validate=lambda values: ["Key 'x' is not in 'model'."] if values["training.lr"] == 2e-3 else [])
    llm, client = proposer(GOOD, answer(slot(0, moved={"training.lr": 4e-3})))
    decision = llm.propose(refused)
    assert [proposal.slot for proposal in decision.proposals] == [0, 1]
    assert "Slot 0: Key 'x' is not in 'model'." in client.requests[1].messages[3].text
    assert [refusal.reasons for refusal in decision.refused] == [("Key 'x' is not in 'model'.",)]


@pytest.mark.parametrize("max_repairs", [0, 2])
def test_all_paid_calls_of_a_decision_are_counted_whatever_was_wrong(max_repairs):
    nothing_composes = small(validate=lambda values: [] if values["training.batch_size"] == 9 else ["No such file."])
    llm, client = proposer(*[GOOD] * 9, max_repairs=max_repairs)
    failure = fill(nothing_composes, llm).failure
    assert re.search(r"llm failed: .* answers with errors, the last: Slot 0: No such file", failure)
    assert len(client.requests) == 1 + max_repairs


def test_the_sweep_stops_when_told_to_stop():
    llm, _ = proposer(DOWN, on_llm_failure="stop")
    with pytest.raises(ProposerStop, match=r"on_llm_failure is stop.*down since noon"):
        llm.propose(small())


def test_the_rules_never_repeat_what_the_model_proposed_in_the_same_batch():
    by_rules = RulesProposer().propose(small(slots=(Slot(1, "exploit"),)))[0].values
    moved = {k: v for k, v in by_rules.items() if small().tree.node(4).values[k] != v}
    llm, _ = proposer(answer(slot(0, moved=moved)), DOWN, max_repairs=0)
    context = small(slots=(Slot(0, "exploit"), Slot(1, "exploit")))
    first, second = fill(context, llm).proposals
    assert (first.provenance, first.values) == (Provenance("llm"), by_rules)
    assert second.provenance.source == "rules"
    assert second.values != by_rules


def test_the_baseline_is_not_the_models_to_choose():
    llm, client = proposer(answer(slot(1, parent=None, role="diverse")))
    proposals = llm.propose(empty(slots=(Slot(0, "baseline"), Slot(1, "diverse")))).proposals
    assert [str(p.provenance) for p in proposals] == ["rules", "llm"]
    assert proposals[0].values == SPACE.baseline()
    assert "- slot 0" not in client.requests[0].messages[1].text
    alone, unasked = proposer()
    assert alone.propose(empty(slots=(Slot(0, "baseline"),))).proposals[0].provenance == Provenance("rules")
    assert unasked.requests == []


def test_the_order_of_the_slots_is_the_order_of_the_proposals():
    llm, _ = proposer(answer(GOOD["slots"][1], slot(0)))
    assert [p.slot for p in llm.propose(small()).proposals] == [0, 1]


def test_notes_of_a_right_answer_are_handed_on_and_wrong_ones_cost_no_proposal():
    noted = {**GOOD, "observations": [{"trial": 4, "text": "relu helps"}, {"trial": 50, "text": "?"}]}
    llm, client = proposer(noted)
    decision = llm.propose(small())
    assert {str(p.provenance) for p in decision.proposals} == {"llm"}
    assert decision.notes.observations == {4: Remark("relu helps")}
    assert len(client.requests) == 1


def test_the_protocol_of_the_settings_is_used_unless_the_context_brings_one(tmp_path):
    seen = []
    for context in (small(), small(protocol="my own protocol")):
        client = ScriptedClient([GOOD])
        build({"instructions": "signal", "folder": str(tmp_path)}, client, write=lambda _: None).propose(context)
        seen.append(client.requests[0].messages[0].text)
    assert "recurrent rate network" in seen[0]
    assert "my own protocol" in seen[1]
    assert "recurrent rate network" not in seen[1]


def test_the_models_words_are_shown_as_they_come(tmp_path, capsys):
    build({"folder": str(tmp_path)}, ScriptedClient([json.dumps(GOOD, indent=1)])).propose(small())
    assert '"training.lr"' in capsys.readouterr().out


def test_a_recorded_decision_replays_to_the_same_proposals(tmp_path):
    script = ["no idea", answer(slot(0), slot(1, parent=77)), SLOT_1]
    recorded = LlmProposer(TranscribingClient(ScriptedClient(script), Transcript(tmp_path), "record"), LlmSettings())
    first = recorded.propose(small())
    replay = LlmProposer(TranscribingClient(None, Transcript(tmp_path), "replay", "scripted"), LlmSettings())
    assert replay.propose(small()) == first
    other = replace(small(), memory="something else is known now")
    assert "holds no answer" in replay.propose(other).failed


def with_figures(tmp_path, *files):
    """The small sweep, where trial 4 is the newest that ended and leads, with (trial, name, bytes) on disk."""
    context = small()
    trials = [
        trial if trial.outcome is None else ended(trial, folder=str(tmp_path / str(trial.number)))
        for trial in context.trials
    ]
    for number, name, data in files:
        path = tmp_path / str(number) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return replace(context, trials=tuple(trials), log_lines={"Visual": "what you see", "Rank": "the rank"})


def shown(client, place=0):
    return [image.name for image in client.requests[place].messages[1].images]


def test_two_figures_of_the_newest_trial_and_of_the_leader_travel_with_the_question(tmp_path):
    context = with_figures(
        tmp_path,
        (4, "sketches/recovery.png", PNG),
        (4, "sketches/functions.png", PNG),
        (4, "figures/loss.png", PNG),
        (1, "figures/activity.png", PNG),
        (1, "figures/loss.png", PNG),
        (1, "figures/rollout_test.png", PNG),
        (1, "figures/a-test.png", PNG),
        (1, "big.png", PNG + bytes(MAX_BYTES)),
        (5, "running.png", PNG),
    )
    (tmp_path / "1" / "a_link.png").symlink_to(tmp_path / "5" / "running.png")
    least = Objective("val_R2", direction="minimize")  # led by the baseline, trials 0 and 1
    context = replace(context, objective=least, tree=Tree(SPACE, least, context.trials))
    llm, client = proposer(GOOD)
    llm.propose(context)
    newest = ["newest trial 4: functions", "newest trial 4: recovery"]
    assert shown(client) == [*newest, "leader trial 1: activity"], "the other of the leader is too large"
    assert "left out for length: 2 figures" in client.requests[0].messages[1].text
    llm, client = proposer(GOOD, figures="never")
    llm.propose(context)
    assert shown(client) == []
    assert not llm.sees_figures


def test_a_returned_answer_does_not_send_the_figures_again(tmp_path):
    llm, client = proposer("prose", GOOD)
    llm.propose(with_figures(tmp_path, (4, "figures/loss.png", PNG)))
    assert (len(shown(client, 0)), shown(client, 1)) == (1, [])


def test_a_newest_trial_that_leads_is_shown_once(tmp_path):
    llm, client = proposer(GOOD)
    llm.propose(with_figures(tmp_path, (4, "a.png", PNG)))
    assert shown(client) == ["newest trial 4: a"]


def on_recordings(context, seeds):
    """The sweep with its trials on other recordings, by the seed of each."""
    trials = [replace(trial, seeds={"seed": seeds[trial.number]}) for trial in context.trials]
    return replace(context, trials=tuple(trials), tree=Tree(SPACE, context.objective, trials))


def test_the_figures_of_the_leader_are_of_the_leader_of_the_table(tmp_path):
    """Trial 2 has the best value on a recording of its own; on equal recordings trials 0 and 1 lead."""
    context = with_figures(tmp_path, *((number, "a.png", PNG) for number in range(5)))
    values = {0: 0.5, 1: 0.54, 2: 0.9, 4: 0.1}
    trials = [ended(trial, value=values[trial.number]) if trial.value else trial for trial in context.trials]
    context = on_recordings(replace(context, trials=tuple(trials)), {0: 1, 1: 2, 2: 3, 3: 1, 4: 1, 5: 1})
    assert context.recordings.leader is context.tree.node(0)
    assert context.tree.best() is context.tree.node(2)
    llm, client = proposer(GOOD)
    llm.propose(context)
    assert shown(client) == ["newest trial 4: a", "leader trial 1: a"]


def test_the_leader_is_shown_by_its_newest_run_that_has_figures(tmp_path):
    context = with_figures(tmp_path, (0, "a.png", PNG), (1, "figures.txt", b""), (4, "a.png", PNG))
    least = Objective("val_R2", direction="minimize")
    llm, client = proposer(GOOD)
    llm.propose(replace(context, objective=least, tree=Tree(SPACE, least, context.trials)))
    assert shown(client) == ["newest trial 4: a", "leader trial 0: a"]


def test_a_model_that_takes_no_figures_is_asked_again_without_and_about_none(tmp_path):
    context = replace(with_figures(tmp_path, (4, "a.png", PNG)), lines_by_sight=frozenset({"Visual"}))
    llm, client = proposer(ImagesRefused("The server takes no figures."), GOOD, GOOD)
    assert llm.sees_figures
    assert llm.propose(context).failed == ""
    assert not llm.sees_figures, "trials draw none for it from now on"
    llm.propose(context)
    assert [len(shown(client, place)) for place in range(3)] == [1, 0, 0]
    first, *others = [request.messages[0].text for request in client.requests]
    assert "- Visual: what you see (only of a trial whose figures are attached)" in first
    for text in others:
        assert "- Rank: the rank" in text
        assert "Visual: what" not in text


def test_figures_that_must_be_sent_make_a_refusal_an_error(tmp_path):
    llm, client = proposer(ImagesRefused("The server takes no figures."), GOOD, figures="always")
    assert llm.propose(with_figures(tmp_path, (4, "a.png", PNG))).failed == "The server takes no figures."
    assert len(client.requests) == 1


ANY_TEXT = st.text(max_size=200) | st.sampled_from(
    [
        "{}",
        "null",
        "[]",
        '"\\ud800"',
        json.dumps(answer(slot(moved={"a\ud800": "\ud800"}))),
        '{"slots": []}',
        json.dumps(SLOT_1),
        "",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ANY_TEXT, max_size=4))
def test_whatever_the_model_says_every_slot_gets_a_valid_proposal_with_an_honest_origin(script):
    llm, _ = proposer(*script)
    context = small()
    proposals = fill(context, llm).proposals
    assert [p.slot for p in proposals] == [0, 1]
    for proposal in proposals:
        assert SPACE.validate(proposal.values) == []
        assert proposal.provenance == Provenance("llm") or str(proposal.provenance).startswith("rules (llm failed: ")


SIMULATIONS = Space((Categorical(name="simulation", choices=("chaotic", "dale", "noisy"), default="chaotic"),))


def border(**fields):
    """The question at the end of block 1, with another block to come."""
    block = Block(index=1, k=13, n_iter_block=12, values={"simulation": "chaotic"})
    tested = ({"simulation": "chaotic"},)
    return small(slots=(), is_review=True, block=block, block_space=SIMULATIONS, tested_regimes=tested, **fields)


def wish(value):
    return {"values": [{"key": "simulation", "value": value}], "reason": "inhibition"}


def test_at_a_blocks_end_it_is_shown_the_simulations_and_its_choice_is_kept():
    llm, client = proposer(answer(next_block=wish("dale")))
    notes = llm.review(border()).notes
    (request,) = client.requests
    assert "Tested in block 1: simulation=chaotic" in request.messages[1].text
    assert request.schema["$defs"]["BlockValue"]["properties"]["key"]["enum"] == ["simulation"]
    assert notes.next_block == BlockWish({"simulation": "dale"}, "inhibition")


def test_a_tested_simulation_goes_back_with_the_reason_and_can_be_corrected():
    llm, client = proposer(answer(next_block=wish("chaotic")), answer(next_block=wish("noisy")))
    notes = llm.review(border()).notes
    assert "was block 1 already" in client.requests[1].messages[3].text
    assert "Answer again, with the whole answer" in client.requests[1].messages[3].text
    assert notes.next_block == BlockWish({"simulation": "noisy"}, "inhibition")


def test_after_the_last_repair_the_refusal_is_kept_and_the_rest_of_the_answer_counts():
    wrong = answer(next_block=wish("loud"), observations=[{"trial": 4, "text": "relu helps"}])
    llm, client = proposer(wrong, max_repairs=0)
    decision = llm.review(border())
    assert len(client.requests) == 1
    chosen = decision.notes.next_block
    assert chosen is not None
    assert chosen.values is None
    assert "loud" in chosen.refused
    assert decision.notes.observations == {4: Remark("relu helps")}
    assert decision.failed == ""


def test_a_choice_is_not_lost_when_a_note_is_repaired():
    wrong = answer(next_block=wish("dale"), protocol_edit={"rules": " ", "reason": "none"})
    seen = [{"trial": 4, "text": "relu helps"}]
    llm, _ = proposer(wrong, answer(observations=seen))
    assert llm.review(border()).notes.next_block == BlockWish({"simulation": "dale"}, "inhibition")


def test_a_review_that_failed_says_so_or_stops_the_sweep():
    llm, _ = proposer(DOWN)
    assert llm.review(border()).failed.startswith("The provider is down")
    llm, _ = proposer(DOWN, on_llm_failure="stop")
    with pytest.raises(ProposerStop, match="down since noon"):
        llm.review(border())


def test_two_refusals_for_good_in_a_row_end_the_questions_and_an_outage_does_not(caplog):
    refused = NotAuthorised("The server does not accept the key.")
    llm, client = proposer(refused, refused, GOOD)
    for _ in range(4):
        assert len(fill(small(), llm).proposals) == 2
    assert len(client.requests) == 2
    assert [record.levelname for record in caplog.records].count("WARNING") >= 1
    assert caplog.text.count("asked nothing more until the sweep is resumed") == 1
    passing, asked = proposer(refused, DOWN, refused, GOOD)
    for _ in range(4):
        fill(small(), passing)
    assert len(asked.requests) == 4, "they did not come in a row"


def test_a_valid_slot_needs_no_second_question_whatever_is_beside_it():
    llm, client = proposer({"slots": GOOD["slots"], "observations": "none", "memory_edits": [{"text": 3}], "mood": 1})
    decision = llm.propose(small())
    assert {str(p.provenance) for p in decision.proposals} == {"llm"}
    assert (len(client.requests), decision.failed) == (1, "")


def test_a_review_is_heard_in_the_end_without_what_does_not_follow_the_form():
    bad = {"observations": [{"trial": 4, "text": "relu helps"}, {"trial": 4}]}
    llm, client = proposer(bad, bad, bad)
    decision = llm.review(border())
    assert decision.failed == ""
    assert decision.notes.observations[4].text == "relu helps"
    assert len(client.requests) == 3
    assert "observations[1].text: Field required" in client.requests[1].messages[3].text


def test_thousands_of_errors_are_returned_as_a_dozen():
    llm, client = proposer({**GOOD, "slots": [3] * 4000}, GOOD)
    decision = llm.propose(small())
    assert client.requests[1].n_tokens < client.requests[0].n_tokens + 6_000
    assert len(decision.questions[0]["problems"]) <= 13
    assert "more problems of this kind" in client.requests[1].messages[3].text
