"""Whether any answer of a language model reaches a job as something that was not declared.

    python benchmarks/hostile_answers.py --answers 100000

Answers are drawn at random: mostly of the right form with anything in it, some any JSON, some any text. Each goes the
way of a real one: JSON from the text, the parts that follow the contract, the check against the declared space, the
quoting; then Hydra's own grammar reads the overrides of what is left.
"""

import argparse
import json
import random
import time
from collections import Counter
from typing import Any

from _report import publish
from hydra.core.override_parser.overrides_parser import OverridesParser

from hydra_llm.llm.base import JsonSource
from hydra_llm.llm.json_extraction import extract_json
from hydra_llm.search.context import Context, Slot
from hydra_llm.search.proposers.base import mutate
from hydra_llm.search.proposers.llm.check import check_slots
from hydra_llm.search.proposers.llm.notes import check_notes
from hydra_llm.search.proposers.llm.reading import read_answer
from hydra_llm.search.space.space import Categorical, Float, Integer, Space
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, TrialState
from hydra_llm.search.trial.standing import Expectation, PoolCandidate
from hydra_llm.search.trial.trial import Trial
from hydra_llm.sweeper.quoting import encode

TEXTS = ("plain", "it's", 'two "words"', "a,b=c", "line\nbreak", "$HOME", "{x:1}", "")
SPACE = Space(
    (
        Float(name="x", low=0.0, high=1.0, default=0.5),
        Integer(name="n", low=1, high=10, default=2),
        Categorical(name="net", choices=("plain", "fancy"), default="plain"),
        Categorical(name="text", choices=TEXTS, default="plain"),
        Float(name="fixed", low=0.0, high=1.0, default=0.1),
    ),
    {"fixed": "not to be moved"},
)
WORDS = (
    *("${oc.env:HOME}", "${x}", "_target_", "os.system", "'; hydra.run.dir=/", "a\n+b=c", "\ud800", "!!python", "\\'"),
    *("hydra.run.dir", "+new", "~x", "x=1,y", "net@a", "seed", "", "x", "n", "net", "text", "fixed", *TEXTS),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw hostile answers and look at what becomes of them.")
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    context, rng = world(), random.Random(options.seed)
    began, seen = time.perf_counter(), Counter[str]()
    for _ in range(options.answers):
        seen.update(fate(answer(rng), context))
    rows = [{"answers": options.answers, **{name: seen[name] for name in ("unread", "proposals", "undeclared")}}]
    spent = 1e3 * (time.perf_counter() - began) / options.answers
    note = (
        "Unread: no JSON object, or none that follows the contract in any part. Proposals: what passed every check. "
        f"Undeclared: overrides of them that name no declared key, or carry another value. {spent:.2f} ms an answer."
    )
    publish("hostile_answers", "Hostile answers of a language model", rows, packages=("hydra-core",), note=note)
    if seen["undeclared"]:
        raise SystemExit(1)


def world() -> Context:
    """Three trials, two candidates of a pool, two slots."""
    objective, trials = Objective("score"), []
    empty = Context(SPACE, objective, Tree(SPACE, objective), (), (Slot(0), Slot(1)), seed_keys=("seed",))
    for number, moved in enumerate(({}, {"x": 0.2}, {"n": 7})):
        proposal = mutate(empty, empty.slots[0], None, {**SPACE.baseline(), **moved}, strategy="t", source="t")
        trials.append(Trial(number, 1, proposal, Outcome(TrialState.COMPLETED, 0.1 * number)))
    expected = Expectation(0.5, 0.4, 0.6)
    pool = tuple(PoolCandidate({**SPACE.baseline(), "x": x}, 0, "move", expected) for x in (0.8, 0.9))
    return Context(
        SPACE,
        objective,
        Tree(SPACE, objective, trials),
        tuple(trials),
        empty.slots,
        pool=pool,
        next_number=3,
        n_trials=24,
        seed_keys=("seed",),
    )


def answer(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.05:
        return "".join(rng.choice('{}[]",:\\ax0\n\ud800') for _ in range(rng.randrange(60)))
    if kind < 0.1:
        return json.dumps(anything(rng, 3))
    given: dict[str, Any] = {"slots": [slot(rng) for _ in range(rng.choice((0, 1, 2, 2, 3)))]}
    for name in ("observations", "memory_edits", "protocol_edit", "next_block"):
        if rng.random() < 0.5:
            given[name] = anything(rng, 2)
    if rng.random() < 0.1:
        given[rng.choice(WORDS)] = anything(rng, 2)
    text = json.dumps(given)
    return text if rng.random() < 0.8 else f"Here it is:\n```json\n{text}\n```"


def slot(rng: random.Random) -> dict[str, Any]:
    """Of the right form half of the time, then with one thing in it replaced by anything."""
    moves = [move(rng) for _ in range(rng.choice((0, 1, 1, 1, 2)))]
    found = {
        "slot": rng.choice((0, 0, 1, 1, 7)),
        "role": "free",
        "strategy": rng.choice(("exploit", "recombine", "robustness-test", "$(id)")),
        "candidate": rng.choice((None, None, None, 1, 2, 9, -1)),
        "parent": rng.choice((None, 0, 0, 1, 2, 99)),
        "mutations": moves,
        "interaction": rng.choice((None, "they need each other")),
        "recordings": rng.choice(([], [], [1], [1, 2], [0], [5, 5])),
        "hypothesis": {"statement": rng.choice(WORDS), "low": 0.1, "high": 0.2, "refuted_if": "no"},
        "principle": None,
        "reason": rng.choice(WORDS),
    }
    if rng.random() < 0.3:
        found[rng.choice((*found, *WORDS))] = anything(rng, 2)
    return found


def move(rng: random.Random) -> dict[str, Any]:
    """Of a declared parameter to a value that it takes, mostly."""
    if rng.random() < 0.3:
        return {"key": rng.choice(WORDS), "value": value(rng)}
    legal = {"x": rng.random(), "n": rng.randrange(1, 11), "net": "fancy", "text": rng.choice(TEXTS)}
    key = rng.choice(list(legal))
    return {"key": key, "value": legal[key]}


def value(rng: random.Random) -> Any:
    return rng.choice((rng.random(), rng.randrange(-2, 12), rng.choice(WORDS), None, True, 1e308, 10**30, -0.0, [1]))


def anything(rng: random.Random, depth: int) -> Any:
    kind = rng.random()
    if depth and kind < 0.3:
        return [anything(rng, depth - 1) for _ in range(rng.randrange(4))]
    if depth and kind < 0.6:
        return {rng.choice(WORDS): anything(rng, depth - 1) for _ in range(rng.randrange(4))}
    return value(rng)


def fate(text: str, context: Context) -> Counter[str]:
    """What became of one answer."""
    found, _, _ = extract_json(text, JsonSource.TEXT)
    typed, _ = read_answer(found) if isinstance(found, dict) else (None, [])
    if typed is None:
        return Counter(unread=1)
    check_notes(typed, context, None)
    proposals = check_slots(typed, context, context.slots, (), 1).proposals.values()
    wrong = sum(not is_declared(proposal.values) for proposal in proposals)
    return Counter(proposals=len(proposals), undeclared=wrong)


def is_declared(values: dict[str, Any]) -> bool:
    """Whether Hydra reads exactly these values, under declared keys, and nothing else."""
    texts = [f"{key}={encode(item)}" for key, item in values.items()]
    parsed = OverridesParser.create().parse_overrides(texts)
    plain = not any(one.is_sweep_override() or one.is_add() or one.is_delete() for one in parsed)
    read = {one.get_key_element(): one.value() for one in parsed}
    held = {key: getattr(item, "text", item) for key, item in read.items()}
    return plain and held == values and set(held) == set(SPACE.names) and values["fixed"] == 0.1


if __name__ == "__main__":
    main()
