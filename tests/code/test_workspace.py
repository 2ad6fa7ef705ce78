import hashlib
import subprocess
from pathlib import Path

import pytest

from hydra_llm.code.errors import CodeError
from hydra_llm.code.source import Source
from hydra_llm.code.workspace import Reason, Workspace

FIRST, SECOND, THIRD = "A = 1\n", "A = 2\n", "A = 3\n"


def git(folder, *arguments):
    who = ["-c", "user.name=person", "-c", "user.email=person@example.org"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def content(folder: Path) -> dict[str, str]:
    """Of every file below a folder, .git included."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "sweep" not in path.relative_to(folder).parts
    }


@pytest.fixture
def workspace(tmp_path):
    return Workspace.open(tmp_path / "sweep", "strategy.py", FIRST)


def test_a_proposal_is_a_commit_that_says_why(workspace):
    reason = Reason("Weigh late frames more", "They carry the slow part.", parent=3, by="llm")
    revision = workspace.commit(0, workspace.first, SECOND, reason)
    assert workspace.text(revision) == SECOND
    assert workspace.parent(revision) == workspace.first
    message = workspace.message(revision)
    for part in ("Weigh late frames more\n", "They carry the slow part.", "Parent trial: 3", "Proposed by: llm"):
        assert part in message
    assert "strategy.py | 2 +-" in message
    assert "-A = 1\n+A = 2" in workspace.diff(workspace.first, revision)


def test_the_same_code_for_the_same_reason_is_the_same_revision(workspace, tmp_path):
    revisions = {workspace.commit(slot, workspace.first, SECOND, Reason("a")) for slot in (0, 1)}
    other = Workspace.open(tmp_path / "sweep2", "strategy.py", FIRST)
    assert {other.commit(0, other.first, SECOND, Reason("a"))} == revisions


def test_slots_hold_their_own_revisions_at_once(workspace):
    revisions = [workspace.first]
    for text in (SECOND, THIRD, "A = 4\n"):
        revisions.append(workspace.commit(len(revisions), workspace.first, text, Reason(text)))
    paths = [workspace.checkout(slot, revision) for slot, revision in enumerate(revisions)]
    assert [path.read_text() for path in paths] == [FIRST, SECOND, THIRD, "A = 4\n"]


def test_rolling_back_is_a_checkout_whatever_lies_about(workspace):
    revision = workspace.commit(0, workspace.first, SECOND, Reason("a"))
    path = workspace.checkout(0, revision)
    path.write_text("half an edit")
    (path.parent / "left.txt").write_text("over")
    assert workspace.checkout(0, workspace.first).read_text() == FIRST
    assert not (path.parent / "left.txt").exists()


def test_a_job_reads_its_revision_whatever_is_checked_out(workspace):
    revision = workspace.commit(0, workspace.first, SECOND, Reason("a"))
    workspace.checkout(0, workspace.first)
    source = Source.parse(str(workspace.source(revision)))
    assert source.text() == SECOND
    assert source.module().A == 2


def test_code_that_changes_nothing_is_refused(workspace):
    with pytest.raises(CodeError, match="is the code that it starts from"):
        workspace.commit(0, workspace.first, FIRST, Reason("a"))


def test_a_workspace_is_taken_up_again_and_guards_its_beginning(workspace, tmp_path):
    revision = workspace.commit(0, workspace.first, SECOND, Reason("a"))
    assert Workspace.open(tmp_path / "sweep", "strategy.py", FIRST).text(revision) == SECOND
    with pytest.raises(CodeError, match=r"began with another strategy\.py"):
        Workspace.open(tmp_path / "sweep", "strategy.py", THIRD)


def test_one_that_died_before_its_first_commit_is_begun_again(tmp_path):
    base = tmp_path / "sweep/code/base"
    base.mkdir(parents=True)
    git(base, "init", "-q")
    assert Workspace.open(tmp_path / "sweep", "strategy.py", FIRST).text("base") == FIRST


def test_the_repository_around_the_sweep_is_not_touched(tmp_path, monkeypatch):
    git(tmp_path, "init", "-q")
    (tmp_path / "strategy.py").write_text(FIRST)
    (tmp_path / ".gitignore").write_text("sweep\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "mine")
    (tmp_path / "strategy.py").write_text("uncommitted work")
    (tmp_path / "new.txt").write_text("untracked work")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))  # as inside a hook
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    before = content(tmp_path)
    workspace = Workspace.open(tmp_path / "sweep", "strategy.py", FIRST)
    revision = workspace.commit(0, workspace.first, SECOND, Reason("a"))
    workspace.checkout(1, revision)
    workspace.checkout(0, workspace.first)
    assert Source.parse(str(workspace.source(revision))).text() == SECOND
    assert content(tmp_path) == before


def test_without_git_there_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CodeError, match="Install git"):
        Workspace.open(tmp_path / "sweep", "strategy.py", FIRST)
