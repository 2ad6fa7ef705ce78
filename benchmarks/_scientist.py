"""A scientist of a few rules: reads the question as text, follows its lists in their order, and knows nothing else.

It takes the leader from the table of configurations, moves every parameter once, goes on where a change gained, joins
changes that gained alone, goes between two values that were both worse, and then takes what the Gaussian process would
do. `blind` takes away the lists, the column of changes and these candidates, as questions once were.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hydra_llm.llm.base import Answer, Client, JsonSource, OnText, Request

Choice = tuple[int, dict[str, Any], str, list[int]]  # parent, mutations, strategy, recordings
TAKEN = "taken as it is"  # in place of a strategy: a candidate of the question, by its number in place of a parent

STEP = 10.0**0.5  # of a parameter on a log scale


class Scientist(Client):
    """`requests` are all questions so far, in order."""

    def __init__(self, *, blind: bool = False) -> None:
        self._blind = blind
        self.requests: list[Request] = []
        self._proposed: set[str] = set()

    @property
    def model(self) -> str:
        return "scientist"

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        self.requests.append(request)
        text = "\n".join(message.text for message in request.messages)
        if self._blind:
            text = without(text, "Open moves", "Candidates of the Gaussian process").replace("| change |", "| - |")
        answer = {
            "slots": [self._slot(text, int(n)) for n in re.findall(r"^- slot (\d+): ", text, re.MULTILINE)],
            "observations": [],
            "memory_edits": [],
            "protocol_edit": None,
            "next_block": None,
        }
        return Answer(json.dumps(answer), answer, self.model, json_source=JsonSource.SCHEMA)

    def _slot(self, text: str, slot: int) -> dict[str, Any]:
        table, configurations = parameters(text), nodes(text)
        if not configurations:
            name, values = next(iter(steps(table, {}).items()))
            return _answer(slot, None, {name: values[0]}, "exploit")
        for parent, moved, strategy, recordings in self._choices(text, table, configurations):
            if strategy == TAKEN:
                return _answer(slot, None, {}, "exploit", candidate=parent)
            key = json.dumps([parent if not moved else None, {**configurations[parent], **moved}], sort_keys=True)
            if key not in self._proposed:
                self._proposed.add(key)
                return _answer(slot, parent, moved, strategy, recordings)
        return _answer(slot, next(iter(configurations)), {}, "robustness-test")

    def _choices(
        self, text: str, table: dict[str, list[str]], configurations: dict[int, dict[str, Any]]
    ) -> Iterator[Choice]:
        """What could be done, in order: first every parameter once, then what gained, further and together."""
        leader = leader_of(text, configurations)
        challenge = r"node (\d+) challenges the leader \d+ and has not run on recording (\d+)"
        for node, recording in re.findall(challenge, text) if not reran(text) else ():
            yield int(node), {}, "robustness-test", [int(recording)]
        gained = changes(text)
        near = steps(table, configurations[leader])
        if gained.get(leader, 0.0) > 0.0:  # the same parameter, one step further
            name, value = moved_by(text, leader, table)
            further = [v for v in near.get(name, []) if isinstance(v, int | float) and isinstance(value, int | float)]
            for step in further:
                if (step > configurations[leader][name]) == (configurations[leader][name] > value):
                    yield leader, {name: step}, "exploit", []
        for name in _listed(text, "parameters never moved", table):
            for value in near.get(name, [])[:1]:
                yield leader, {name: value}, "exploit", []
        for first, second, base in corners(text):
            both = (first, second)
            if leader in both and all(gained.get(node, 0.0) > 0.0 for node in both) and base in configurations:
                yield _corner(configurations, *both, base)
        for name, value in _untried(text, near, configurations[leader]):
            yield leader, {name: value}, "exploit", []
        for name, value in between(text, configurations[leader], table).items():
            yield leader, {name: value}, "exploit", []
        alone = re.search(r"the leader \d+ ran on one recording only", text)
        if alone and not reran(text) and len(configurations) > len(table) + 2:
            yield leader, {}, "robustness-test", []
        for number in candidates(text)[:1]:
            yield number, {}, TAKEN, []
        for name in _listed(text, "moved, but never alone at the leader", table):
            for value in near.get(name, []):
                yield leader, {name: value}, "exploit", []
        for name, values in near.items():
            for value in values:
                yield leader, {name: value}, "exploit", []


class BlindScientist(Scientist):
    """Without what the lists of open moves, the column of changes and the candidates say."""

    def __init__(self) -> None:
        super().__init__(blind=True)


def without(text: str, *sections: str) -> str:
    for name in sections:
        text = re.sub(rf"\n## {name}\n.*?(?=\n## )", "", text, flags=re.DOTALL)
    return text


def trials(text: str) -> dict[int, dict[str, str]]:
    """Rows of the table of trials by number."""
    rows = text.partition("## Trials")[2].partition("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("| ")]
    return {int(row[0]): dict(zip(cells[0], row, strict=False)) for row in cells[1:]} if cells else {}


def reran(text: str) -> bool:
    """Whether the latest trial moved nothing."""
    rows = trials(text)
    return bool(rows) and "->" not in rows[max(rows)]["mutation"] and max(rows) > 0


def changes(text: str) -> dict[int, float]:
    """Trial -> its change against the parent on the same recording, where there is one; near a ceiling in digits of the
    distance to it.
    """
    rows = {number: row.get("change", "-") for number, row in trials(text).items()}
    return {number: _gain(change) for number, change in rows.items() if change != "-"}


def _gain(change: str) -> float:
    return -math.log10(float(change[1:])) if change.startswith("x") else float(change)


def moved_by(text: str, number: int, table: dict[str, list[str]]) -> tuple[str, Any]:
    """The parameter that a trial moved, and the value that it had before; ("", "") for several."""
    found = re.fullmatch(r"(\S+): (\S+) -> \S+", trials(text).get(number, {}).get("mutation", ""))
    last = {name.rpartition(".")[2]: name for name in table}
    return ("", "") if found is None else (last.get(found[1], found[1]), _value(found[2]))


def between(text: str, leader: dict[str, Any], table: dict[str, list[str]]) -> dict[str, float]:
    """Parameters on a log scale whose value at the leader gained over a lower and a higher one: where the parabola
    through the three has its top.
    """
    gained = changes(text)
    known: dict[str, dict[float, float]] = {}  # parameter -> value -> what it gives above the leader's value
    for number, gain in gained.items():
        name, before = moved_by(text, number, table)
        after = _value(trials(text)[number]["mutation"].rpartition(" -> ")[2])
        if "log" not in table.get(name, ["", ""])[1]:
            continue
        own = float(f"{leader[name]:.4g}")
        for value, other, change in ((before, after, -gain), (after, before, gain)):
            if other == own:
                known.setdefault(name, {})[value] = change
    found = {}
    for name, gains in known.items():
        here = math.log(leader[name])
        lower = [(math.log(value), gain) for value, gain in gains.items() if value < leader[name]]
        higher = [(math.log(value), gain) for value, gain in gains.items() if value > leader[name]]
        if lower and higher and max(lower)[1] <= 0.0 and min(higher)[1] <= 0.0:
            (low, a), (high, b) = max(lower), min(higher)
            down, up = here - low, high - here
            curved = a * up + b * down  # below zero: the three points have a top
            shift = (a * up**2 - b * down**2) / (2.0 * curved) if curved < 0.0 else 0.0
            if abs(shift) > 0.1 * max(down, up):
                found[name] = float(f"{math.exp(here + shift):.4g}")
    return found


def candidates(text: str) -> list[int]:
    """What the Gaussian process would do and has not done, by what it expects of it, highest first."""
    body = text.partition("## Candidates of the Gaussian process")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| [\d-]+ \| ([^|]+) \| (-?[\d.e-]+)", body, re.MULTILINE)
    return [int(n) for n, moved, expected in sorted(rows, key=lambda row: -float(row[2])) if ": " in moved]


def parameters(text: str) -> dict[str, list[str]]:
    """Rows of the search space: key -> [type, range, baseline]."""
    body = text.split("## Search space", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line.startswith("| ")
    ]
    state = rows[0].index("state") if "state" in rows[0] else None
    return {row[0]: row[1:4] for row in rows[1:] if len(row) > 3 and (state is None or row[state] == "free")}


def steps(table: dict[str, list[str]], values: dict[str, Any]) -> dict[str, list[Any]]:
    """Values to try of each parameter from a configuration: half a decade or a neighbouring choice either way."""
    found: dict[str, list[Any]] = {}
    for name, (kind, allowed, baseline) in table.items():
        own = values.get(name, _value(baseline))
        if kind == "categorical":
            found[name] = [choice for choice in map(_value, allowed.split(", ")) if choice != own]
            continue
        low, high = (float(bound) for bound in allowed.split(",")[0].split(" ")[0].split(".."))
        scaled = [own * STEP, own / STEP] if "log" in allowed else [own + (high - low) / 5, own - (high - low) / 5]
        near = [min(high, max(low, value)) for value in scaled]
        near = [round(value) for value in near] if kind == "integer" else [float(f"{value:.6g}") for value in near]
        found[name] = [value for value in near if value != own]
    return found


def nodes(text: str) -> dict[int, dict[str, Any]]:
    """Configurations by node, in the order of the table; parameters that never moved are at their baseline."""
    names = list(parameters(text))
    start = {name: _value(row[2]) for name, row in parameters(text).items()}
    found = {}
    head: list[str] = []
    body = re.split(r"\n## Configurations[^\n]*\n", text)
    for line in (body[1] if len(body) > 1 else "").split("\n## ", 1)[0].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == "node":
            head = cells
        elif re.match(r"\d+", cells[0]) and head:
            found[int(cells[0].split()[0])] = start | _changed(head, cells, names)
    best = found.get(leader_of(text, found), {}) if found else {}
    return {
        node: {name: best.get(name) if value == "=" else value for name, value in values.items()}
        for node, values in found.items()
    }


def leader_of(text: str, configurations: dict[int, dict[str, Any]]) -> int:
    named = re.search(r"^\| (\d+) leader\b", text, re.MULTILINE)
    return int(named[1]) if named else next(iter(configurations))


def _changed(head: Sequence[str], cells: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    last = {name.rpartition(".")[2]: name for name in names}
    return {last.get(c, c): _value(v) for c, v in zip(head, cells, strict=False) if c in last or c in names}


def corners(text: str) -> list[tuple[int, int, int]]:
    """Two nodes and the one that they differ from in one parameter each."""
    listed = re.findall(r"each one parameter off (\d+), nodes ([^;\n]+)", text)
    pairs = [(re.findall(r"(\d+) and (\d+) \(", nodes_), base) for base, nodes_ in listed]
    return [(int(first), int(second), int(base)) for found, base in pairs for first, second in found]


def _corner(configurations: dict[int, dict[str, Any]], first: int, second: int, base: int) -> Choice:
    """Both changes to the base at once: the first node takes what the second changed."""
    start, mine, other = configurations[base], configurations[first], configurations[second]
    moved = {name: value for name, value in other.items() if value not in (start[name], mine[name])}
    return first, moved, "recombine", []


def _listed(text: str, name: str, table: dict[str, list[str]]) -> list[str]:
    found = re.search(rf"^- {name}: (.+)$", text, re.MULTILINE)
    return [] if found is None else [_whole(word, table) for word in found[1].split("; ")]


def _whole(word: str, names: Iterable[str]) -> str:
    """The key of a parameter whose last word may stand for it."""
    return next((name for name in names if word in (name, name.rpartition(".")[2])), word)


def _untried(text: str, near: dict[str, list[Any]], leader: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The next step into what nobody tried: the other side of the start, or a choice."""
    found = re.search(r"^- values never tried: (.+)$", text, re.MULTILINE)
    for item in [] if found is None else found[1].split("; "):
        word, _, left = item.partition(" ")
        name = _whole(word, near)
        side, _, start = left.partition(" ")
        if side not in ("below", "above"):
            untried = [str(_value(choice)) for choice in left.split(", ")]
            yield from ((name, value) for value in near.get(name, []) if str(value) in untried)
        elif str(leader.get(name)) == str(_value(start)):  # else the gain lies on the other side
            yield from ((name, v) for v in near.get(name, []) if (v < _value(start)) == (side == "below"))


def _value(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if re.fullmatch(r"-?\d+", text) else number


def _answer(
    slot: int,
    parent: int | None,
    moved: dict[str, Any],
    strategy: str,
    recordings: Sequence[int] = (),
    candidate: int | None = None,
) -> dict[str, Any]:
    return {
        "candidate": candidate,
        "slot": slot,
        "role": "free",
        "strategy": strategy,
        "parent": parent,
        "mutations": [{"key": key, "value": value} for key, value in moved.items()],
        "recordings": list(recordings),
        "interaction": None,
        "hypothesis": {"statement": "better", "low": -10.0, "high": 1.0, "refuted_if": "worse than the parent"},
        "principle": None,
        "reason": "as the lists say",
    }
