"""Writes what the documentation repeats of the code: every key of train.py's configuration (docs/reference.md), every
key of the sweeper (docs/sweeper_keys.md), the list of decisions.

python scripts/docs_pages.py            # writes; a test fails when a page is older than its source
"""

import dataclasses
import re
import sys
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from hydra_llm.families.register import NODES
from hydra_llm.keys.key import Key, Table
from hydra_llm.keys.sweeper import CODE, CODE_EVOLUTION, CONFIRM, LLM, PRUNING, SEARCH, STOP, SWEEPER
from hydra_llm.schema.root import Config

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEAD = """# Every key of `train.py`

Written from the schema by `python scripts/docs_pages.py`; a value outside its range, or a key that is not here, is an
error. Defaults are those of the schema: a regime's YAML in `conf/` may hold another one, and
`python train.py simulation=X --cfg job` shows what holds. The sweeper's keys: [Keys](sweeper_keys.md).
"""
KEYS_HEAD = """# Keys of the sweeper

Written from `src/hydra_llm/keys/sweeper.py` by `python scripts/docs_pages.py`. `hydra.sweeper.X=value` on the command
line sets a key; a value that it does not take is an error.
"""
KEYS: tuple[tuple[str, str, Table], ...] = (
    (
        "The sweep",
        "`hydra.sweeper.*`; a `null` falls back to the application's "
        "[`search` node](sweeper_space.md#a-search-node-in-the-application)\nwhere the node has the key. See "
        "[Search space](sweeper_space.md), [Proposers](sweeper_proposers.md),\n[Slots](sweeper_jobs.md#slots), "
        "[Blocks](sweeper_blocks.md).",
        SWEEPER,
    ),
    (
        "Confirmation",
        "`hydra.sweeper.confirm.*`; `n_seeds: 0` switches it off. See "
        "[Confirmation](sweeper_replicates.md#confirmation).",
        CONFIRM,
    ),
    (
        "Code",
        "`hydra.sweeper.code.*`, or `search.code` of the application. See [A strategy of your own](strategies.md).",
        CODE,
    ),
    (
        "Code evolution",
        "`hydra.sweeper.code_evolution.*`. See [Code that a sweep changes](strategies.md#code-that-a-sweep-changes).",
        CODE_EVOLUTION,
    ),
    ("Stopping rules", "`hydra.sweeper.stop.*`; `null` switches a rule off.", STOP),
    (
        "Pruning",
        "`hydra.sweeper.pruning.*`, group `hydra/sweeper/pruning`: `none`, `median` or `asha`. See [Stopping "
        "early](sweeper_pruning.md).",
        PRUNING,
    ),
    (
        "Language model",
        "`hydra.sweeper.llm.*`, group `hydra/sweeper/llm`: `openai`, `command` or `scripted`. See [A language "
        "model](llm.md).",
        LLM,
    ),
    (
        "The application's own node",
        "`search.*`; the node takes "
        + ", ".join(f"`{name}`" for name in SEARCH if name in SWEEPER)
        + " too, as above.",
        {name: key for name, key in SEARCH.items() if name not in SWEEPER},
    ),
)
DECISIONS = """# Decisions

Each page records one choice that others will ask about: its context, the choice, and what follows from it. A decision
holds as long as its status is `accepted`; a decision that takes its place names it, and is named in its status. Numbers
are names: some are not used, and they do not follow the dates. A new decision takes the next free number, the form of
the others, and a line here, which `python scripts/docs_pages.py` writes.

| | decision | status | date |
|---|---|---|---|
"""
FORM = re.compile(r"# (\d{4}): (.+)\n\nStatus: (.+)\nDate: (\d{4}-\d{2}-\d{2})\n\n")


def main() -> int:
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)
    return 0


def pages() -> dict[Path, str]:
    return {
        DOCS / "reference.md": reference(),
        DOCS / "sweeper_keys.md": "\n".join([KEYS_HEAD, *(_keys(*section) for section in KEYS)]),
        DOCS / "decisions" / "index.md": decisions(),
    }


def decisions() -> str:
    """A row per page. Raises ValueError for a page whose head has another form."""
    rows = []
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        head = FORM.match(path.read_text(encoding="utf-8"))
        if head is None:
            raise ValueError(
                f"{path.name} must begin with '# NNNN: title', an empty line, 'Status: ...', 'Date: YYYY-MM-DD'."
            )
        number, title, status, date = head.groups()
        rows.append(f"| [{number}]({path.name}) | {title} | {status} | {date} |")
    return DECISIONS + "\n".join(rows) + "\n"


def _keys(title: str, about: str, table: Table) -> str:
    """A table of the sweeper's keys."""
    rows = [f"## {title}", "", about, "", "| key | type | default | range | |", "|---|---|---|---|---|"]
    for name, key in table.items():
        kind = "list or dict" if key.kind is object else key.kind.__name__
        kind += " or list" if key.several else ""
        kind += " or null" if key.nullable else ""
        rows.append(f"| `{name}` | {kind} | `{_shown(key.default)}` | {_bounds(key)} | {key.help} |")
    return "\n".join(rows) + "\n"


def _bounds(key: Key) -> str:
    if key.choices:
        choices = ", ".join(f"`{choice}`" for choice in key.choices)
        return f"{choices}, dotted path" if key.dotted else choices
    return ", ".join(part for part in (key.range, key.unit) if part)


def reference() -> str:
    """The whole page as Markdown."""
    parts = [HEAD, _section("top level", Config)]
    for (group, name), node in NODES.items():
        family = name.removesuffix("_schema")
        parts.append(_section(f"`{group}`" + (f", {family}" if family != "schema" else ""), node))
    return "\n".join(parts)


def _section(title: str, node: type) -> str:
    """A table of keys, then a section per node below it."""
    about = (node.__doc__ or "").strip().splitlines()[0]
    head = [f"## {title}", "", about, "", "| key | type | default | range | |", "|---|---|---|---|---|"]
    hints = get_type_hints(node)
    rows, below = [], []
    for field in dataclasses.fields(node):
        inner = next((kind for kind in (hints[field.name], *get_args(hints[field.name])) if _is_node(kind)), None)
        if inner is not None:
            below.append(_section(f"{title}, `{field.name}`", inner))
        elif "help" in field.metadata:
            cells = (f"`{field.name}`", _type(hints[field.name]), f"`{_default(field)}`", _range(field.metadata))
            rows.append(f"| {' | '.join(cells)} | {field.metadata['help'].replace('|', chr(92) + '|')} |")
    return "\n".join([*(head if rows else [f"## {title}", "", about]), *rows, "", *below])


def _is_node(kind: Any) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def _type(hint: Any) -> str:
    if get_origin(hint) in (list, dict):
        return f"{get_origin(hint).__name__}"
    options = [item for item in get_args(hint) if item is not type(None)] or [hint]
    text = " or ".join(getattr(get_origin(item) or item, "__name__", str(item)) for item in options)
    return text + (" or null" if type(None) in get_args(hint) else "")


def _default(field: "dataclasses.Field[Any]") -> str:
    value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    return _shown(value)


def _shown(value: Any) -> str:
    """A default as YAML has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _range(about: Any) -> str:
    if about.get("choices"):
        return ", ".join(f"`{choice}`" for choice in about["choices"])
    low, high, unit = about.get("low"), about.get("high"), about.get("unit")
    interval = ""
    if low is not None or high is not None:
        left = "(" if about.get("open_low") or low is None else "["
        right = ")" if high is None else "]"
        interval = f"{left}{'-inf' if low is None else f'{low:g}'}, {'inf' if high is None else f'{high:g}'}{right}"
    return " ".join(part for part in (interval, unit) if part)


if __name__ == "__main__":
    sys.exit(main())
