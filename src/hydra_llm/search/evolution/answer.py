"""The answer to a question for code, as a type. An answer is data: the text is checked and committed, never imported
here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hydra_llm.code.edits import EditError, apply_edits
from hydra_llm.search.proposers.llm.answer import strict

CANNOT_FIX = "CANNOT_FIX"


class _Piece(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EditAnswer(_Piece):
    """Lines that stand exactly once in the code, and what replaces them."""

    search: str
    replace: str


class CodeAnswer(_Piece):
    """Either `edits` or the whole `file`; `parent` is the trial whose code and parameters it starts from. `give_up` is
    CANNOT_FIX where a crash cannot be mended.
    """

    parent: int
    hypothesis: str
    rationale: str
    edits: list[EditAnswer] = []
    file: str | None = None
    give_up: str | None = None

    @property
    def gives_up(self) -> bool:
        return self.give_up == CANNOT_FIX

    def text(self, start: str) -> str:
        """The code that is proposed, made of `start`. Raises EditError."""
        if (self.file is None) == (not self.edits):
            raise EditError("Give either edits or the whole file, and not both.")
        if self.file is not None:
            return self.file.rstrip("\n") + "\n"
        return apply_edits(start, [(edit.search, edit.replace) for edit in self.edits])


def read(parsed: Any) -> tuple[CodeAnswer | None, list[str]]:
    try:
        return CodeAnswer.model_validate(parsed), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return None, [f"{'.'.join(map(str, item['loc'])) or 'the answer'}: {item['msg']}." for item in found]


def schema(parents: Sequence[int]) -> dict[str, Any]:
    """The strict schema, with these trials as the only parents."""
    found = CodeAnswer.model_json_schema()
    found["properties"]["parent"] = {"type": "integer", "enum": list(parents)}
    found["properties"]["give_up"] = {"anyOf": [{"type": "string", "enum": [CANNOT_FIX]}, {"type": "null"}]}
    return strict(found)
