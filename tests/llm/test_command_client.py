"""The command client against real programs: small Python scripts."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from hydra_llm.llm.base import Image, JsonSource, Message, Request
from hydra_llm.llm.command_client import MAX_ARGUMENT_BYTES, CommandClient
from hydra_llm.llm.errors import RequestRefused, Unavailable
from hydra_llm.llm.testing import SCHEMA, ClientConformance

HELLO = (Message("system", "Be brief."), Message("user", "Hello"))


def python(code, *arguments, timeout_s=10.0):
    return CommandClient([sys.executable, "-c", code, *arguments], timeout_s)


class TestConformance(ClientConformance):
    def client(self, answers):
        (text,) = answers
        if text is None:
            return python("import sys; sys.exit('no network')")
        return python(
            "import sys; sys.stdin.read(); sys.stdout.reconfigure(encoding='utf-8'); print(sys.argv[1])", text
        )


def test_the_prompt_arrives_on_standard_input_in_order_and_without_a_schema():
    answer = python("import sys, json; print(json.dumps({'got': sys.stdin.read()}))").complete(Request(HELLO, SCHEMA))
    got = answer.parsed["got"]
    assert got.index("Be brief.") < got.index("Hello") < got.index("one JSON object in the form described above")
    assert "additionalProperties" not in got
    assert answer.json_source is JsonSource.TEXT


def test_a_placeholder_takes_the_prompt_as_one_argument():
    client = python("import sys; print(sys.argv[1:])", "{prompt}")
    assert "Hello" in client.complete(Request(HELLO)).text
    with pytest.raises(RequestRefused, match="too many for an argument"):
        client.complete(Request((Message("user", "x" * MAX_ARGUMENT_BYTES),)))


def test_words_come_while_the_program_runs():
    code = "import time\nfor i in range(3): print(i, flush=True); time.sleep(0.2)"
    arrived = []
    python(code).complete(Request(HELLO), lambda _: arrived.append(time.monotonic()))
    assert len(arrived) >= 3
    assert arrived[-1] - arrived[0] > 0.2


def test_words_come_before_their_line_ends():
    code = "import time\nfor c in 'τau': print(c, end='', flush=True); time.sleep(0.2)"
    arrived = []
    answer = python("import sys; sys.stdout.reconfigure(encoding='utf-8'); " + code).complete(
        Request(HELLO), arrived.append
    )
    assert arrived == ["τ", "a", "u"]
    assert answer.text == "τau"


def test_a_program_of_the_present_folder_is_found_although_it_runs_in_another(tmp_path, monkeypatch):
    (tmp_path / "agent.py").write_text("import os; print(os.getcwd())")
    monkeypatch.chdir(tmp_path)
    where = CommandClient([sys.executable, "agent.py"]).complete(Request(HELLO)).text.strip()
    assert where != str(tmp_path)


def test_a_program_that_never_stops_writing_is_stopped():
    with pytest.raises(Unavailable, match="more than 2000000 characters"):
        python("while True: print('x' * 10_000)", timeout_s=60.0).complete(Request(HELLO))


def test_figures_are_files_that_the_program_can_open():
    image = Image("activity", "image/png", b"pixels")
    code = "import sys, re; p = re.search(r'activity: (\\S+)', sys.stdin.read())[1]; print(open(p, 'rb').read())"
    answer = python(code).complete(Request((Message("user", "Look", (image,)),)))
    assert answer.text.strip() == "b'pixels'"


def test_a_program_that_hangs_is_stopped_with_everything_it_started(tmp_path):
    pid_file = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open(sys.argv[1], 'w').write(str(child.pid)); time.sleep(60)"
    )
    with pytest.raises(Unavailable, match="still running after 1 s"):
        python(code, str(pid_file), timeout_s=1.0).complete(Request(HELLO))
    assert _is_dead(int(pid_file.read_text()))


def test_the_reason_of_a_program_that_fails_is_quoted():
    with pytest.raises(Unavailable, match="status 3: login expired"):
        python("import sys; print('login expired', file=sys.stderr); sys.exit(3)").complete(Request(HELLO))


def test_a_program_that_does_not_exist_is_named():
    with pytest.raises(Unavailable, match="no-such-agent"):
        CommandClient(["no-such-agent"]).complete(Request(HELLO))


def test_a_program_may_answer_without_reading_its_input():
    big = Request((Message("user", "x" * 3_000_000),))
    assert python("print('done')").complete(big).text.strip() == "done"


def test_the_program_runs_in_an_empty_folder_that_is_removed():
    answer = python("import os, json; print(json.dumps({'cwd': os.getcwd()}))").complete(Request(HELLO, SCHEMA))
    assert not Path(answer.parsed["cwd"]).exists()


def test_no_shell_reads_the_command():
    client = CommandClient([sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; echo no"])
    assert client.complete(Request(HELLO)).text.strip() == "$HOME; echo no"
    with pytest.raises(ValueError, match=r"command must be a list of words, such as.*got 'agent --print'"):
        CommandClient("agent --print")


def _is_dead(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if json.dumps(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]) == '"Z"':
            return True  # killed, waiting to be collected by init
        time.sleep(0.05)
    return False
