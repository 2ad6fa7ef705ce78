"""A change of a text as search-and-replace blocks."""

from collections.abc import Iterable


class EditError(ValueError):
    """A block does not fit the text; the message is the sentence for its author."""


def apply_edits(text: str, edits: Iterable[tuple[str, str]]) -> str:
    """Each (search, replace) in turn; `search` must stand exactly once in the text as it is by then."""
    for number, (search, replace) in enumerate(edits, start=1):
        found = text.count(search) if search else 0
        if found != 1:
            raise EditError(
                f"Block {number} must search for lines that stand exactly once in the code, copied with their "
                f"indentation; these stand {found} times."
            )
        text = text.replace(search, replace)
    return text
