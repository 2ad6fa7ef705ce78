import pytest

from hydra_llm.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä \u2192 text\n\tindented", "plain ä \u2192 text\n\tindented"),
        ("\x1b[31mred\x1b[0m and \x1b[2J\x1b[1;1Hcleared", "red and cleared"),
        ("\x1b]0;title\x07here \x1b]8;;http://x\x1b\\link", "here link"),
        ("bell\x07 null\x00 delete\x7f \x9b31m", "bell null delete 31m"),
        ("latin \udcff name", "latin \\udcff name"),
        ("one\r\ntwo", "one\ntwo"),
        ("\x1b", ""),
    ],
)
def test_text_of_others_is_shown_without_what_a_terminal_would_obey(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown
    printable(text).encode()
