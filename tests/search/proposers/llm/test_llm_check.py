"""One wrong thing at a time: each is refused with a sentence that names it."""

import json
from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from llm_sweeps import GOOD, SPACE, answer, empty, slot, small

from hydra_llm.search.context import Block, Slot
from hydra_llm.search.proposers.llm.answer import answer_schema
from hydra_llm.search.proposers.llm.check import check_slots
from hydra_llm.search.proposers.llm.notes import check_notes
from hydra_llm.search.proposers.llm.reading import read_answer
from hydra_llm.search.proposers.notes import Remark
from hydra_llm.search.proposers.one_line import one_line
from hydra_llm.search.protocol_text import BEGIN, END
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.trial import Change


def judge(raw, context, accepted=(), max_mutations=1):
    typed, problems = read_answer(raw)
    assert typed is not None, problems
    return check_slots(typed, context, context.slots, accepted, max_mutations)


def test_a_right_answer_becomes_proposals_with_typed_changes():
    checked = judge(GOOD, small())
    assert checked.problems == []
    first, second = checked.proposals[0], checked.proposals[1]
    assert (first.parent, first.mutation, str(first.provenance)) == (4, "training.lr: 0.003 -> 0.002", "llm")
    assert first.values == {**SPACE.baseline(), "training.lr": 2e-3, "model.act": "relu"}
    assert "predicted val_R2 0.9..0.97" in first.hypothesis
    assert "refuted if val_R2 below 0.85" in first.hypothesis
    assert (second.parent, second.values["training.batch_size"]) == (0, 32)


WRONG = {
    "unknown key": ({"moved": {"training.learning": 1e-3}}, "not a parameter of this search. Did you mean"),
    "out of range": ({"moved": {"training.lr": 7.0}}, "outside its range 0.0001..0.1"),
    "wrong type": ({"moved": {"training.batch_size": "many"}}, "takes a finite number"),
    "half an integer": ({"moved": {"training.batch_size": 8.5}}, "whole number"),
    "unknown choice": ({"moved": {"model.act": "sigmoid"}}, "not among its choices"),
    "locked": ({"moved": {"model.depth": 2}}, "is locked (fixed in this study)"),
    "locked at its default": ({"moved": {"model.depth": 3}}, "is locked"),
    "no such parent": ({"parent": 99}, "not run yet"),
    "own batch as parent": ({"parent": 6}, "never branches from one of its own batch"),
    "running parent": ({"parent": 5}, "has no result yet"),
    "null parent": ({"parent": None}, "this block has a tree"),
    "negative parent": ({"parent": -1}, "does not exist"),
    "two mutations": ({"moved": {"training.lr": 2e-3, "training.batch_size": 9}}, "2 parameters are moved"),
    "no mutation": ({"moved": {}}, "needs a replicate slot"),
    "no change": ({"moved": {"training.lr": "3e-3"}}, "in the parent already"),
    "duplicate of a trial": ({"parent": 2, "moved": {"training.lr": 1e-2}}, "already run as trial 0"),
    "recombine out of thin air": (
        {"strategy": "recombine", "moved": {"training.lr": 2e-3, "training.batch_size": 9}},
        "no scored node has",
    ),
    "interpolation": ({"moved": {"model.act": "${oc.env:HOME}"}}, "interpolations and targets are refused"),
    "interpolation in a key": ({"moved": {"${hydra:runtime.cwd}": 1}}, "interpolations and targets are refused"),
    "target": ({"moved": {"_target_": "os.system"}}, "interpolations and targets are refused"),
    "hydra key": ({"moved": {"hydra.run.dir": "/tmp"}}, "not a parameter of this search"),
    "added key": ({"moved": {"+training.extra": 1}}, "not a parameter of this search"),
    "deleted key": ({"moved": {"~training.lr": None}}, "not a parameter of this search"),
    "an integer beyond all floats": ({"moved": {"training.batch_size": 10**400}}, "which no parameter holds"),
    "a float beyond all floats": ({"moved": {"training.lr": float("inf")}}, "takes a finite number"),
    "quotes and newlines": ({"moved": {"model.act": "tanh'\n--multirun"}}, "not among its choices"),
    "strategy that is prose": ({"strategy": "let's go; rm -rf /"}, "is no name"),
    "interval upside down": ({"hypothesis": {"low": 1.0, "high": 0.5}}, "Give low <= high"),
    "no hypothesis": ({"hypothesis": {"statement": " \n"}}, "hypothesis is empty"),
    "no refutation": ({"hypothesis": {"refuted_if": ""}}, "refuted_if is empty"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_with_the_reason(name):
    change, sentence = WRONG[name]
    checked = judge(answer(slot(**change)), small(slots=(Slot(0, "exploit"),)))
    assert checked.proposals == {}
    (problem,) = checked.problems
    assert problem.startswith("Slot 0:")
    assert sentence in problem


def test_one_wrong_slot_does_not_cost_the_other():
    raw = answer(slot(0, moved={"training.lr": 7.0}), GOOD["slots"][1])
    checked = judge(raw, small())
    assert list(checked.proposals) == [1]
    assert len(checked.problems) == 1


def test_missing_and_double_slots_are_named_and_slots_that_are_not_open_are_passed_over():
    checked = judge(answer(slot(0), slot(0, moved={"training.lr": 5e-3}), slot(7)), small())
    text = " ".join(checked.problems)
    assert "7" not in text
    assert "answered twice" in text
    assert "Slot 1 (explore) has no proposal" in text


def test_a_batch_never_holds_one_configuration_twice():
    twin = {"parent": 4, "moved": {"training.lr": "0.002"}}
    assert "already proposed in another slot" in judge(answer(slot(0), slot(1, **twin)), small()).problems[0]
    accepted = list(judge(answer(slot(0), slot(1, parent=0)), small()).proposals.values())
    again = judge(answer(slot(0)), small(slots=(Slot(0, "exploit"),)), accepted)
    assert "already proposed" in again.problems[0]


def test_a_configuration_that_did_not_compose_is_not_tried_again():
    key = judge(GOOD, small()).proposals[0]
    context = small(rejected=frozenset([SPACE.key(key.values)]))
    assert "refused when it was composed" in judge(GOOD, context).problems[0]


def test_several_mutations_pass_when_allowed_or_when_recombined_from_scored_nodes():
    two = {"training.lr": 2e-3, "training.batch_size": 9}
    one_slot = small(slots=(Slot(0, "exploit"),))
    assert judge(answer(slot(moved=two)), one_slot, max_mutations=2).problems == []
    joined = slot(parent=0, strategy="recombine", moved={"training.lr": 3e-3, "model.act": "relu"})
    assert "already run as trial 4" in judge(answer(joined), one_slot).problems[0], "both values come from node 4"
    one_more = {**joined, "mutations": [*joined["mutations"], {"key": "training.batch_size", "value": 8}]}
    assert "in the parent already" in judge(answer(one_more), one_slot).problems[0]


def test_a_rerun_needs_a_replicate_slot_or_the_robustness_test_and_a_seed_to_vary():
    rerun = answer(slot(role="replicate", strategy="replicate", moved={}))
    replicate = (Slot(0, "replicate"),)
    checked = judge(rerun, small(slots=replicate))
    assert checked.proposals[0].mutation == "[none]"
    assert "robustness re-run of node 4" in checked.proposals[0].note
    assert "varies no seed" in judge(rerun, small(slots=replicate, seed_keys=())).problems[0]
    robust = answer(slot(strategy="robustness-test", moved={}))
    assert judge(robust, small(slots=(Slot(0, "exploit"),))).problems == []


def test_a_principle_test_quotes_its_principle():
    context = small(slots=(Slot(0, "principle-test"),))
    assert "quotes the principle" in judge(answer(slot()), context).problems[0]
    quoted = judge(answer(slot(principle="lr below 1e-2 helps")), context)
    assert 'principle: "lr below 1e-2 helps"' in quoted.proposals[0].note


def test_a_first_batch_spreads_from_the_root_and_may_move_several_parameters():
    raw = answer(
        slot(0, parent=None, moved={"training.lr": 1e-3, "model.act": "relu"}),
        slot(1, parent=0, moved={"training.lr": 0.05}),
    )
    checked = judge(raw, empty())
    assert checked.proposals[0].parent is None
    assert checked.proposals[0].values["model.act"] == "relu"
    assert "does not exist yet" in checked.problems[0]


# ---- form ----


def test_prose_in_the_wrong_place_is_reported_with_its_place():
    typed, problems = read_answer(answer({**slot(), "parent": "the best one"}, slot(1)))
    assert any(problem.startswith("slots[0].parent") for problem in problems)
    assert [entry.slot for entry in typed.slots] == [1], "a proposal is taken whole or not at all"
    typed, problems = read_answer({"proposals": []})
    assert typed is None
    assert any(problem.startswith("slots: Field required") for problem in problems)


def typed_keys(schema):
    """The parameters that may be moved, by the type that the schema gives to their values."""
    kinds = schema["$defs"]["Mutation"]["anyOf"]
    return {kind["properties"]["value"]["type"]: kind["properties"]["key"]["enum"] for kind in kinds}


def test_the_schema_admits_declared_keys_only_and_asks_for_every_member():
    schema = answer_schema(SPACE)
    keys = {"number": ["training.lr"], "integer": ["training.batch_size"], "string": ["model.act"]}
    assert typed_keys(schema) == keys

    def objects(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for value in node.values():
                yield from objects(value)
        elif isinstance(node, list):
            for value in node:
                yield from objects(value)

    found = list(objects(schema))
    assert len(found) >= 8
    for item in found:
        assert item["additionalProperties"] is False
        assert item["required"] == list(item["properties"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*SPACE.names, "hydra.run.dir", "_target_", "+x", "~x", "a=b", "${x}"])
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
SLOTS = st.builds(
    lambda index, parent, moved, strategy: slot(index, parent, moved=moved, strategy=strategy),
    st.integers(-1, 3),
    st.none() | st.integers(-2, 9),
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.sampled_from(["exploit", "recombine", "robustness-test"]) | st.text(max_size=8),
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*GOOD, "x"]), JSON, max_size=6))
def test_no_json_raises(raw):
    typed, problems = read_answer(raw)
    assert problems or typed is not None


VALID = st.builds(
    lambda parent, lr: slot(0, parent, moved={"training.lr": lr}),
    st.sampled_from([0, 2, 4]),  # finished trials with a value
    st.floats(1.1e-2, 8e-2),  # 3e-3, 1e-2 and 9e-2 were tried already
)


@settings(deadline=None)
@given(VALID, st.lists(SLOTS, max_size=3))
def test_whatever_is_answered_only_declared_free_parameters_in_range_get_through(right, others):
    context = small()
    others = [given_ for given_ in others if given_["slot"] != right["slot"]]
    accepted = judge(answer(right, *others), context).proposals
    event(f"{len(accepted)} accepted")
    assert accepted[0].values["training.lr"] == pytest.approx(right["mutations"][0]["value"])
    for proposal in accepted.values():
        assert set(proposal.values) == set(SPACE.names)
        assert SPACE.validate(proposal.values) == []
        assert proposal.values["model.depth"] == 3
        assert context.tree.node(proposal.parent).runs > 0
        assert len(proposal.changes) <= 1 or proposal.strategy == "recombine"


@settings(deadline=None)
@given(st.text(max_size=1000))
def test_a_line_of_a_model_is_one_printable_line_of_bounded_length(text):
    line = one_line(text, 50)
    assert len(line) <= 50
    assert line.isprintable()


# ---- notes ----

PROTOCOL = f"# Rules\n{BEGIN}\n| default | exploit |\n{END}\nlog\n"


def notes_of(context, block_space=None, **fields):
    typed, problems = read_answer(answer(**fields))
    assert typed is not None, problems
    return check_notes(typed, context, block_space)


def at_end(**fields):
    return small(slots=(), is_review=True, block=Block(index=1, k=13, n_iter_block=12), protocol=PROTOCOL, **fields)


def test_observations_and_memory_edits_link_to_finished_trials_only():
    edit = {"action": "add", "section": "tentative", "entry": None, "text": "relu\nhelps", "trials": [4]}
    notes, problems = notes_of(
        small(),
        observations=[{"trial": 4, "text": "relu\n+0.2"}, {"trial": 5, "text": "?"}],
        memory_edits=[edit, {**edit, "trials": [77]}, {**edit, "action": "remove"}],
    )
    assert notes.observations == {4: Remark("relu +0.2")}
    assert [kept.text for kept in notes.memory_edits] == ["relu helps"]
    assert len(problems) == 3


def test_an_observation_says_what_kind_of_thought_it_is_and_a_wrong_word_costs_the_tag_only():
    tagged = {"trial": 4, "text": "relu helps", "mode": "induction", "confidence": 0.7}
    notes, problems = notes_of(small(), observations=[tagged])
    assert (notes.observations[4].mode, notes.observations[4].confidence, problems) == ("induction", 0.7, [])
    notes, problems = notes_of(small(), observations=[{**tagged, "mode": "magic", "confidence": 7}])
    assert notes.observations == {4: Remark("relu helps")}
    assert "'magic' is unknown" in problems[0]
    assert "from 0 to 1" in problems[1]


def test_the_protocol_changes_at_a_blocks_end_only_with_a_reason_and_inside_the_markers():
    edit = {"rules": "| default | explore |", "reason": "a pure chain: explore for exploit"}
    assert notes_of(at_end(), protocol_edit=edit)[0].protocol_edit.rules == edit["rules"]
    assert "end of a block only" in notes_of(small(protocol=PROTOCOL), protocol_edit=edit)[1][0]
    assert "reason is empty" in notes_of(at_end(), protocol_edit={**edit, "reason": " "})[1][0]
    assert "marker line" in notes_of(at_end(), protocol_edit={**edit, "rules": f"x\n{END}\ny"})[1][0]
    assert notes_of(at_end(), protocol_edit={"rules": None, "reason": "no changes needed"})[1] == []


def test_the_next_simulation_is_chosen_at_a_blocks_end_from_the_block_parameters():
    chosen = {"values": [{"key": "model.depth", "value": 2}], "reason": "untested"}
    free = type(SPACE)(SPACE.dimensions)
    notes, problems = notes_of(at_end(), free, next_block=chosen)
    assert problems == []
    assert notes.next_block.values["model.depth"] == 2
    assert "fixed" in notes_of(at_end(), None, next_block=chosen)[1][0]
    assert "end of a block only" in notes_of(small(), free, next_block=chosen)[1][0]
    hostile = {"values": [{"key": "model.act", "value": "${x}"}], "reason": ""}
    assert "interpolation" in notes_of(at_end(), free, next_block=hostile)[1][0]


# ---- principles, claims, lines of the log ----


def test_a_principle_test_quotes_an_established_principle_or_names_it():
    context = small(slots=(Slot(0, "principle-test"),), principles={"P1": "Slow rates are steady.", "G1": "No labels."})

    def tested(principle):
        return judge(answer(slot(0, role="principle-test", principle=principle)), context)

    assert "There are P1: Slow rates are steady., G1: No labels." in tested("relu is best").problems[0]
    assert tested("P1").problems == []
    proposal = tested('"slow rates are steady"').proposals[0]
    assert proposal.principle == '"slow rates are steady"'
    assert (proposal.prediction.low, proposal.prediction.high) == (0.9, 0.97)
    assert proposal.prediction.refuted_if == "val_R2 below 0.85"


def test_without_an_established_principle_any_belief_may_be_tested():
    context = small(slots=(Slot(0, "principle-test"),))
    assert judge(answer(slot(0, role="principle-test", principle="relu is best")), context).problems == []


def test_a_memory_edit_may_carry_a_claim_and_one_without_is_still_read():
    edit = {"action": "add", "section": "tentative", "entry": None, "text": "relu helps", "trials": [4]}
    claim = {"key": "model.act", "move": "to", "value": "relu", "effect": "better"}
    notes, problems = notes_of(small(), memory_edits=[edit, {**edit, "text": "b", "claim": claim}])
    assert problems == []
    assert [None if e.claim is None else e.claim.value for e in notes.memory_edits] == [None, "relu"]
    schema = answer_schema(SPACE)["$defs"]
    assert schema["MemoryEditAnswer"]["required"][-1] == "claim", "a strict server is asked for all of it"
    assert schema["Observation"]["required"][-1] == "lines"
    kinds = [kind["properties"] for kind in schema["ClaimAnswer"]["anyOf"]]
    assert [(kind["key"]["enum"], kind["value"]["type"]) for kind in kinds] == [
        (["training.lr"], ["number", "null"]),
        (["training.batch_size"], ["integer", "null"]),
        (["model.act"], ["string", "null"]),
    ]
    assert kinds[2]["value"]["enum"][-1] is None


def test_only_lines_that_the_log_wants_are_taken():
    context = small(log_lines={"Visual": "what you see"})
    lines = [{"name": "Visual", "text": "two\nclusters"}, {"name": "## Iter 9", "text": "x"}]
    notes, _ = notes_of(context, observations=[{"trial": 4, "text": "fine", "lines": lines}])
    assert notes.observations[4].lines == {"Visual": "two clusters"}


def on_recordings(**fields):
    """The small sweep, with trial 1 (a rerun of the baseline) on a second recording."""
    context = small()
    trials = [replace(t, seeds={"seed": 5}) if t.number == 1 else t for t in context.trials]
    tree = Tree(context.space, context.objective, trials)
    return replace(context, trials=tuple(trials), tree=tree, slots=(Slot(0, "free"),), **fields)


def test_a_proposal_names_the_recordings_that_it_runs_on():
    found = judge(answer(slot(0, recordings=[2, 1])), on_recordings())
    assert found.proposals[0].recordings == (2, 1)
    rerun = slot(0, parent=4, moved={}, strategy="robustness-test", recordings=[1, 2])
    assert judge(answer(rerun), on_recordings()).proposals[0].recordings == (2,), "node 4 ran on the first already"


@pytest.mark.parametrize(
    ("named", "fields", "reason"),
    [
        ([4], {}, "Name different numbers from 1 to 3"),
        ([0], {}, "Name different numbers"),
        ([1, 1], {}, "Name different numbers"),
        ([1], {"seed_keys": ()}, "varies no seed"),
        ([1], {"fresh_seeds": True}, "draws its own seeds"),
    ],
)
def test_recordings_that_cannot_be_named_are_refused_in_a_sentence(named, fields, reason):
    (problem,) = judge(answer(slot(0, recordings=named)), on_recordings(**fields)).problems
    assert reason in problem


def test_a_rerun_where_it_ran_already_is_refused():
    rerun = slot(0, parent=4, moved={}, strategy="robustness-test", recordings=[1])
    (problem,) = judge(answer(rerun), on_recordings()).problems
    assert "ran there already" in problem


def test_two_parameters_may_move_by_a_stated_interaction_for_a_quarter_of_the_block():
    both = {"training.lr": 2e-3, "training.batch_size": 32}
    assert "stated `interaction`" in judge(answer(slot(0, moved=both)), on_recordings()).problems[0]
    pair = slot(0, moved=both, interaction="a larger batch bears a larger step")
    found = judge(answer(pair), on_recordings())
    assert found.problems == []
    assert found.proposals[0].note.startswith("interaction: a larger batch bears a larger step")
    short = on_recordings(block=Block(index=1, k=7, n_iter_block=4))
    trials = list(short.trials)
    changes = (Change("training.lr", 1e-2, 3e-3), Change("model.act", "tanh", "relu"))
    trials[2] = replace(trials[2], proposal=replace(trials[2].proposal, changes=changes))
    assert "a quarter of its trials is 1" in judge(answer(pair), replace(short, trials=tuple(trials))).problems[0]


def test_an_answer_without_side_dishes_is_an_answer():
    typed, problems = read_answer({"slots": [slot(0)]})
    assert problems == []
    assert typed.observations == []
    assert (typed.protocol_edit, typed.next_block) == (None, None)


CLAIM = {"key": "training.lr", "move": "down", "value": None, "effect": "better"}
EDIT = {"action": "add", "section": "tentative", "entry": None, "text": "slower", "trials": [2], "claim": CLAIM}
SEEN = {"trial": 4, "text": "relu helps"}


@pytest.mark.parametrize(
    ("beside", "place", "kept"),
    [
        ({"surprise": 1}, "surprise", (1, 1, True)),
        ({"observations": "none"}, "observations", (0, 1, True)),
        ({"observations": [SEEN, {"trial": "4"}, 3]}, "observations[1].text", (1, 1, True)),
        ({"observations": [{**SEEN, "confidence": "high"}]}, "observations[0].confidence", (1, 1, True)),
        ({"observations": [{**SEEN, "lines": [{"name": "x"}]}]}, "observations[0].lines[0].text", (1, 1, True)),
        ({"memory_edits": None}, "memory_edits", (1, 0, False)),
        ({"memory_edits": [{**EDIT, "action": "shout"}, EDIT]}, "memory_edits[0].action", (1, 1, True)),
        ({"memory_edits": [{**EDIT, "claim": {"key": "training.lr"}}]}, "memory_edits[0].claim.move", (1, 1, False)),
        ({"protocol_edit": "keep it"}, "protocol_edit", (1, 1, True)),
        ({"next_block": {"values": {}}}, "next_block.values", (1, 1, True)),
        ({"slots": [{**slot(0), "confidence": 0.9}]}, "slots[0].confidence", (1, 1, True)),
    ],
)
def test_what_is_wrong_beside_a_proposal_is_left_out_alone_and_named(beside, place, kept):
    given = {"slots": [slot(0)], "observations": [SEEN], "memory_edits": [EDIT], **beside}
    before = repr(given)
    typed, problems = read_answer(given)
    assert [entry.mutations[0].key for entry in typed.slots] == ["training.lr"]
    claimed = any(edit.claim is not None for edit in typed.memory_edits)
    assert (len(typed.observations), len(typed.memory_edits), claimed) == kept
    assert any(problem.startswith(place) for problem in problems)
    assert repr(given) == before


def test_half_of_a_proposal_is_none():
    typed, problems = read_answer(answer({**slot(0), "mutations": [{"key": "training.lr"}]}, slot(1)))
    assert [entry.slot for entry in typed.slots] == [1]
    assert problems == ["slots[0].mutations[0].value: Field required."]


def test_rules_do_not_vanish_without_a_word():
    head = "| condition | strategy | action |\n|---|---|---|\n"
    table = f"{head}| default | exploit | go |\n| a new best | robustness-test | again |\n"
    context = small(slots=(), is_review=True, protocol=f"goal\n{BEGIN}\n{table}{END}\n")
    rules = table.rsplit("| a new best", 1)[0]
    _, problems = notes_of(context, protocol_edit={"rules": rules, "reason": "shorter"})
    assert "gone without a word: robustness-test (a new best). Name each" in problems[0]
    notes, problems = notes_of(context, protocol_edit={"rules": rules, "reason": "robustness-test never helped"})
    assert (problems, notes.protocol_edit.rules) == ([], rules)


def test_a_name_that_cannot_be_written_is_left_out_alone():
    given = json.loads(json.dumps({**answer(slot(0)), "note": 1})[:-1] + ', "\\ud800": {"x": 1}}')
    typed, problems = read_answer(given)
    assert typed is not None
    assert [entry.slot for entry in typed.slots] == [0]
    assert problems[0] == "'\\ud800': no text."
    del given["note"]
    assert read_answer(given)[0] == typed
