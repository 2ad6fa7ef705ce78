"""A scientist of a few rules: reads the question as text, follows its lists in their order, and knows nothing else.

It takes the leader from the table of configurations, moves every parameter once, goes on where a change gained, and
joins changes that gained alone. `blind` takes away what the lists and the column of changes say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from hydra_llm.llm.base import Answer, Client, JsonSource, OnText, Request

Choice = tuple[int, dict[str, Any], str, list[int]]  # parent, mutations, strategy, recordings

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
            text = re.sub(r"\n## Open moves\n.*?\n\n", "\n\n", text, flags=re.DOTALL).replace("| change |", "| - |")
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
        for node, recording in re.findall(challenge, text):
            yield int(node), {}, "robustness-test", [int(recording)]
        gained = changes(text)
        near = steps(table, configurations[leader])
        if gained.get(leader, 0.0) > 0.0:  # the same parameter, one step further
            name, value = moved_by(text, leader, table)
            further = [v for v in near.get(name, []) if isinstance(v, int | float) and isinstance(value, int | float)]
            for step in further:
                if (step > configurations[leader][name]) == (configurations[leader][name] > value):
                    yield leader, {name: step}, "exploit", []
        for name in _listed(text, "parameters never moved"):
            for value in near.get(name, [])[:1]:
                yield leader, {name: value}, "exploit", []
        corners = r"nodes (\d+) and (\d+) differ from (\d+) in one parameter each"
        for first, second, base in re.findall(corners, text):
            both = (int(first), int(second))
            if all(gained.get(node, 0.0) > 0.0 for node in both) and int(base) in configurations:
                yield _corner(configurations, *both, int(base))
        if re.search(r"the leader \d+ ran on one recording only", text) and len(configurations) > len(table) + 2:
            yield leader, {}, "robustness-test", []
        for name in _listed(text, "moved, but never alone at the leader"):
            for value in near.get(name, []):
                yield leader, {name: value}, "exploit", []
        for name, values in near.items():
            for value in values:
                yield leader, {name: value}, "exploit", []


def trials(text: str) -> dict[int, dict[str, str]]:
    """Rows of the table of trials by number."""
    rows = text.partition("## Trials")[2].partition("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("| ")]
    return {int(row[0]): dict(zip(cells[0], row, strict=False)) for row in cells[1:]} if cells else {}


def changes(text: str) -> dict[int, float]:
    """Trial -> its change against the parent on the same recording, where there is one."""
    rows = {number: row.get("change", "-").split(" ")[0] for number, row in trials(text).items()}
    return {number: float(change) for number, change in rows.items() if change != "-"}


def moved_by(text: str, number: int, table: dict[str, list[str]]) -> tuple[str, Any]:
    """The parameter that a trial moved, and the value that it had before; ("", "") for several."""
    found = re.fullmatch(r"(\S+): (\S+) -> \S+", trials(text).get(number, {}).get("mutation", ""))
    last = {name.rpartition(".")[2]: name for name in table}
    return ("", "") if found is None else (last.get(found[1], found[1]), _value(found[2]))


def parameters(text: str) -> dict[str, list[str]]:
    """Rows of the search space: key -> [type, range, baseline]."""
    body = text.split("## Search space", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line.startswith("| ")
    ]
    return {row[0]: row[1:4] for row in rows[1:] if len(row) > 4 and row[4] == "free"}


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
    named = re.search(r"^\| (\d+) leader \|", text, re.MULTILINE)
    return int(named[1]) if named else next(iter(configurations))


def _changed(head: Sequence[str], cells: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    last = {name.rpartition(".")[2]: name for name in names}
    return {last.get(c, c): _value(v) for c, v in zip(head, cells, strict=False) if c in last or c in names}


def _corner(configurations: dict[int, dict[str, Any]], first: int, second: int, base: int) -> Choice:
    """Both changes to the base at once: the first node takes what the second changed."""
    start, mine, other = configurations[base], configurations[first], configurations[second]
    moved = {name: value for name, value in other.items() if value not in (start[name], mine[name])}
    return first, moved, "recombine", []


def _listed(text: str, name: str) -> list[str]:
    found = re.search(rf"^- {name}: (.+)$", text, re.MULTILINE)
    return [] if found is None else re.split("[;,] ", found[1])


def _value(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if re.fullmatch(r"-?\d+", text) else number


def _answer(
    slot: int, parent: int | None, moved: dict[str, Any], strategy: str, recordings: Sequence[int] = ()
) -> dict[str, Any]:
    return {
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
