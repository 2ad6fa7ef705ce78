"""Writes docs/reference.md: every key of train.py's configuration, from the schema that checks it.

python scripts/config_reference.py            # writes; a test fails when the page is older than the schema
"""

import dataclasses
import sys
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from hydra_llm.families.register import NODES
from hydra_llm.schema.root import Config

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEAD = """# Every key of `train.py`

Written from the schema by `python scripts/docs_pages.py`; a value outside its range, or a key that is not here, is an
error. Defaults are those of the schema: a regime's YAML in `conf/` may hold another one, and
`python train.py simulation=X --cfg job` shows what holds. The sweeper's keys: [Keys](sweeper_keys.md).
"""
DECISIONS = """# Decisions

Choices that others will ask about: context, choice, consequence.
"""


def main() -> int:
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)
    return 0


def pages() -> dict[Path, str]:
    return {DOCS / "reference.md": reference(), DOCS / "decisions" / "index.md": decisions()}


def decisions() -> str:
    """A line per file, its number and its title."""
    rows = []
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").strip()
        number = path.name[:4]
        rows.append(f"* [{number}]({path.name}) {title.removeprefix(number).lstrip(' .:')}")
    return DECISIONS + "\n" + "\n".join(rows) + "\n"


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
