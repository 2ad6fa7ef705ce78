import json
from pathlib import Path

import pytest

from hydra_llm.search.log.events import EventLog, EventLogError, read_events
from hydra_llm.search.testing.storage import Storage, StorageConformance


class TestEventLog(StorageConformance):
    def open(self, folder: Path) -> Storage:
        return EventLog(folder / "sweep" / "events.jsonl")


def test_events_come_back_in_order(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.append({"type": "header", "schema": 1}, {"type": "note", "text": "ä\n"})
    log.append({"type": "told", "value": -1.2e-05})
    log.close()
    assert [e["type"] for e in read_events(tmp_path / "events.jsonl")] == ["header", "note", "told"]
    assert read_events(tmp_path / "events.jsonl")[2]["value"] == -1.2e-05


def test_a_torn_last_line_is_dropped_and_the_next_event_starts_on_a_fresh_line(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"type": "header"}\n{"type": "told", "numb')
    log = EventLog(path)
    assert log.events == [{"type": "header"}]
    log.append({"type": "note"})
    log.close()
    assert [e["type"] for e in read_events(path)] == ["header", "note"]


def test_a_damaged_inner_line_is_an_error_that_names_the_line(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"type": "header"}\ngarbage\n{"type": "note"}\n')
    with pytest.raises(EventLogError, match="line 2"):
        EventLog(path)


def test_a_log_of_a_newer_schema_is_refused(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps({"type": "header", "schema": 99}) + "\n")
    with pytest.raises(EventLogError, match="Update hydra-llm"):
        EventLog(path)


def test_a_folder_that_is_a_file_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "sweep").write_text("")
    with pytest.raises(EventLogError, match=r"can not be written.*hydra\.sweep\.dir"):
        EventLog(tmp_path / "sweep" / "events.jsonl")
