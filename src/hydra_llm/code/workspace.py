"""The revisions of one file of code, in a git repository of the sweep's own.

    <sweep>/code/base/      the repository; its branch holds the file that the sweep started from
    <sweep>/code/slot_<n>/  a working tree per slot, checked out at the revision that runs there

No other repository is asked or touched: every command names its folder, and the environment names none. Author and
date are fixed, so that the same code after the same parent with the same words is the same revision: a sweep that died
between a commit and its record commits again and finds what is there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hydra_llm.code.errors import CodeError
from hydra_llm.code.git import git
from hydra_llm.code.source import Source

FOLDER = "code"
_WHO = {
    name: value
    for role in ("AUTHOR", "COMMITTER")
    for name, value in (
        (f"GIT_{role}_NAME", "hydra-llm"),
        (f"GIT_{role}_EMAIL", "sweep@localhost"),
        (f"GIT_{role}_DATE", "2000-01-01T00:00:00Z"),
    )
}


@dataclass(frozen=True)
class Reason:
    """What a commit says: the hypothesis in its first line, then rationale, parent trial and who proposed it."""

    hypothesis: str
    rationale: str = ""
    parent: int | None = None
    by: str = ""

    def message(self, stat: str) -> str:
        trial = "none" if self.parent is None else str(self.parent)
        first = " ".join(self.hypothesis.split()) or "Without a hypothesis"
        return f"{first}\n\n{self.rationale}\n\nParent trial: {trial}\nProposed by: {self.by}\n\n{stat}\n"


@dataclass(frozen=True)
class Workspace:
    """folder: <sweep>/code. name: of the file, in every revision."""

    folder: Path
    name: str

    @classmethod
    def open(cls, sweep: Path, name: str, text: str) -> Self:
        """The workspace of a sweep; made with `text` as its first revision where there is none.

        Raises CodeError where git is missing, or where the sweep has begun with another text.
        """
        workspace = cls(sweep.absolute() / FOLDER, name)
        base = workspace._base
        if not (base / ".git").is_dir() or not workspace._has_commit():
            base.mkdir(parents=True, exist_ok=True)
            git(base, "init", "--quiet", "--template=", ".")
            git(base, "symbolic-ref", "HEAD", "refs/heads/base")
            (base / name).write_text(text, encoding="utf-8")
            git(base, "add", "--force", "--", name)
            git(base, "commit", "--quiet", "-m", "The code that the sweep starts from", extra=_WHO)
        if workspace.text(workspace.first) != text:
            raise CodeError(
                f"The sweep in {sweep} began with another {name} than this one. Set hydra.sweep.dir to a new folder, "
                "or give the file back its text."
            )
        return workspace

    @classmethod
    def found(cls, sweep: Path) -> Self:
        """The workspace that a sweep left. Raises CodeError where there is none."""
        workspace = cls(sweep.absolute() / FOLDER, "")
        if not (workspace._base / ".git").is_dir():
            raise CodeError(f"{sweep} holds no code that a sweep has changed.")
        [name] = git(workspace._base, "ls-tree", "--name-only", "refs/heads/base").split("\n")[:1]
        return cls(workspace.folder, name)

    @property
    def first(self) -> str:
        """The revision that the sweep started from."""
        return self.resolved("base")

    def source(self, revision: str) -> Source:
        """Where a job reads a revision, whatever is checked out meanwhile."""
        return Source(self._base / self.name, revision)

    def text(self, revision: str) -> str:
        return git(self._base, "show", f"{revision}:{self.name}")

    def message(self, revision: str) -> str:
        return git(self._base, "show", "--no-patch", "--format=%B", revision).strip()

    def parent(self, revision: str) -> str | None:
        """The revision that this one was made of; None for the first."""
        found = git(self._base, "rev-list", "--parents", "-n", "1", revision).split()
        return found[1] if len(found) > 1 else None

    def diff(self, old: str, new: str) -> str:
        """The change as a unified diff, "" without one."""
        return git(self._base, "diff", "--no-color", "--no-ext-diff", old, new, "--", self.name)

    def checkout(self, slot: int, revision: str) -> Path:
        """The file at this revision in the slot's working tree. Whatever was left there is overwritten: this is also
        how a change is rolled back.
        """
        tree = self.folder / f"slot_{slot}"
        if not (tree / ".git").exists():
            git(self._base, "worktree", "prune")
            git(self._base, "worktree", "add", "--quiet", "--force", "--detach", str(tree), revision)
        git(tree, "checkout", "--quiet", "--force", "--detach", revision)
        git(tree, "clean", "--quiet", "-fdx")
        return tree / self.name

    def commit(self, slot: int, parent: str, text: str, reason: Reason) -> str:
        """A new revision of the file on top of `parent`, made in the slot's working tree. Raises CodeError for a text
        that changes nothing.
        """
        path = self.checkout(slot, parent)
        path.write_text(text, encoding="utf-8")
        git(path.parent, "add", "--force", "--", self.name)
        stat = git(path.parent, "diff", "--cached", "--stat", "--no-color").strip()
        if not stat:
            raise CodeError("The proposed code is the code that it starts from. Change something.")
        git(path.parent, "commit", "--quiet", "-F", "-", text=reason.message(stat), extra=_WHO)
        return git(path.parent, "rev-parse", "HEAD").strip()

    def name_revision(self, name: str, revision: str) -> None:
        """A revision is found under this name from now on, and is never cleaned away."""
        git(self._base, "tag", "--force", name, revision)

    def resolved(self, name: str) -> str:
        """The revision behind a name; `base` is the first."""
        place = "refs/heads/base" if name == "base" else f"refs/tags/{name}"
        return git(self._base, "rev-parse", "--verify", f"{place}^{{commit}}").strip()

    @property
    def _base(self) -> Path:
        return self.folder / "base"

    def _has_commit(self) -> bool:
        try:
            return bool(self.first)
        except CodeError:
            return False
