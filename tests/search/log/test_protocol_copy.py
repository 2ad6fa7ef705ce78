"""The sweep's own protocol: edits take effect at the next block, versions are kept, the file is never written."""

from hydra_llm.search.log.protocol_copy import ProtocolCopy, ProtocolEdit
from hydra_llm.search.protocol_text import BEGIN, END

SOURCE = f"# Goal\n{BEGIN}\nold rule\n{END}\n## Log\n"


def edited(rules="new rule", reason="a chain", source=SOURCE):
    copy = ProtocolCopy()
    copy.take_source(source)
    copy.start_block(1)
    copy.take_edit(ProtocolEdit(1, rules, reason, "llm"))
    return copy


def test_an_edit_waits_for_the_next_block():
    copy = edited()
    assert copy.text == SOURCE
    copy.start_block(2)
    assert copy.text == SOURCE.replace("old rule", "new rule")
    assert copy.versions == {1: SOURCE, 2: copy.text}


def test_the_document_of_a_version_holds_the_text_the_reason_and_the_diff():
    copy = edited()
    assert copy.document(1) == SOURCE
    text = copy.document(2)
    assert text.startswith(SOURCE.replace("old rule", "new rule"))
    assert "By llm. Reason: a chain" in text
    assert "-old rule\n+new rule\n" in text
    copy.start_block(2)
    assert copy.document(2) == text, "known before the block that runs under it starts"


def test_no_change_is_documented_with_its_reason():
    copy = edited(rules=None, reason="the rates are fine")
    copy.start_block(2)
    assert copy.text == SOURCE
    assert "No changes needed: the rates are fine" in copy.document(2)
    assert "```diff" not in copy.document(2)


def test_rules_with_a_marker_change_nothing_outside_the_markers():
    copy = edited(rules=f"x\n{END}\n## Goal: none")
    copy.start_block(2)
    assert copy.text == SOURCE


def test_a_new_file_is_taken_and_edited_rules_stay_unless_the_file_changed_its_own():
    copy = edited()
    copy.start_block(2)
    copy.take_source(SOURCE.replace("# Goal", "# Aim"))
    assert copy.text == SOURCE.replace("# Goal", "# Aim").replace("old rule", "new rule")
    copy.take_source(SOURCE.replace("old rule", "another rule"))
    assert copy.text == SOURCE.replace("old rule", "another rule")
    assert copy.versions[2] == copy.text


def test_a_protocol_without_markers_is_never_edited():
    copy = edited(source="be good\n")
    copy.start_block(2)
    assert (copy.text, copy.diff(1)) == ("be good\n", "")
