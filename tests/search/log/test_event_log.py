import json
import subprocess
import sys
from pathlib import Path

import pytest

from hydra_llm.search.log.event_log import EventLog, EventLogError, read_events
from hydra_llm.search.log.events import Finished, Launched, Note, Told
from hydra_llm.search.testing.storage import Storage, StorageConformance
from hydra_llm.search.trial.outcome import Outcome, TrialState


class TestEventLog(StorageConformance):
    def open(self, folder: Path) -> Storage:
        return EventLog(folder / "sweep" / "events.jsonl")


def test_events_come_back_in_order(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.append(Launched(0.5, (0, 1)), Note("memory", "ä\n", "somebody", 1))
    log.append(Told(0, Outcome(TrialState.COMPLETED, -1.2e-05)))
    log.close()
    launched, note, told = read_events(tmp_path / "events.jsonl")
    assert (launched, note) == (Launched(0.5, (0, 1)), Note("memory", "ä\n", "somebody", 1))
    assert isinstance(told, Told)
    assert told.outcome.value == -1.2e-05


def test_a_torn_last_line_is_dropped_and_the_next_event_starts_on_a_fresh_line(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"type": "finished", "time": 1.5, "reason": "x"}\n{"type": "told", "numb')
    log = EventLog(path)
    assert log.events == [Finished(1.5, "x")]
    log.append(Launched(2.0, (7,)))
    log.close()
    assert read_events(path) == [Finished(1.5, "x"), Launched(2.0, (7,))]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("garbage", "is not valid JSON"),
        ("[1]", "is no JSON object"),
        ('{"type": "told", "number": 0, "state": "COMPLETED", "value": "high"}', r"is no event of type told \(outcome"),
        ('{"type": "asked", "block": 1}', r"is no event of type asked \(time: Field required\)"),
    ],
)
def test_a_damaged_inner_line_is_an_error_that_names_the_line(tmp_path, line, what):
    path = tmp_path / "events.jsonl"
    path.write_text(f'{{"type": "launched", "time": 1.5, "numbers": [0]}}\n{line}\n{{"type": "other"}}\n')
    with pytest.raises(EventLogError, match=f"line 2 {what}"):
        EventLog(path)


def test_a_line_of_a_type_that_a_later_program_wrote_is_passed_over(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"type": "dreamt", "of": 1}\n{"type": "finished", "time": 1.5, "reason": "x", "new": 1}\n')
    assert read_events(path) == [Finished(1.5, "x")]


@pytest.mark.parametrize("lines", [[("header", 99)], [("header", 1), ("session", 99)]])
def test_a_log_that_a_program_of_a_newer_schema_wrote_to_is_refused(tmp_path, lines):
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps({"type": kind, "schema": schema}) + "\n" for kind, schema in lines))
    with pytest.raises(EventLogError, match="Update hydra-llm"):
        EventLog(path)


def test_a_folder_that_is_a_file_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "sweep").write_text("")
    with pytest.raises(EventLogError, match=r"cannot be written.*hydra\.sweep\.dir"):
        EventLog(tmp_path / "sweep" / "events.jsonl")


def test_a_full_disk_is_a_sentence_and_leaves_whole_lines_alone(tmp_path):
    """A process whose files may not grow beyond a limit writes as one on a full disk does: half of the line."""
    code = f"""
import resource, signal
from pathlib import Path
from hydra_llm.search.log.event_log import EventLog, EventLogError
from hydra_llm.search.log.events import Finished
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = EventLog(Path({str(tmp_path / "events.jsonl")!r}))
log.append(Finished(1.0, "whole"))
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try:
    log.append(Finished(2.0, "x" * 300))
except EventLogError as error:
    print(error)
log.close()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "events.jsonl cannot be written (File too large). Free some space" in done.stdout
    assert done.stderr == ""
    assert (tmp_path / "events.jsonl").read_text().count("\n") == 1
    assert read_events(tmp_path / "events.jsonl") == [Finished(1.0, "whole")]
    assert (tmp_path / "events.jsonl").read_bytes().endswith(b"\n")
