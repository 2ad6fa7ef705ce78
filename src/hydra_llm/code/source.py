"""A file of Python code, as it stands or as git remembers it: PATH or PATH@REVISION."""

import linecache
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Self

from hydra_llm.code.errors import CodeError
from hydra_llm.code.git import git


@dataclass(frozen=True)
class Source:
    """path: the file. revision: a commit, tag or branch of the repository that the file lies in; None: as it stands."""

    path: Path
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises CodeError for anything but PATH or PATH@REVISION."""
        path, at, revision = text.rpartition("@")
        if not at:
            path, revision = text, ""
        if not path.endswith(".py") or (at and not revision) or revision.startswith("-"):
            raise CodeError(f"A source of code must be PATH.py or PATH.py@REVISION, got {text!r}.")
        return cls(Path(path), revision or None)

    def __str__(self) -> str:
        return str(self.path) if self.revision is None else f"{self.path}@{self.revision}"

    def text(self) -> str:
        """The code. Raises CodeError where there is no such file or revision, or where it is no text."""
        try:
            if self.revision is None:
                return self.path.read_text(encoding="utf-8")
            return self._from_git(self.revision)
        except OSError as error:
            raise CodeError(f"{self} cannot be read: {error.strerror}. Write the path of a Python file.") from None
        except UnicodeDecodeError:
            raise CodeError(f"{self} is not a text file in UTF-8.") from None

    def module(self) -> ModuleType:
        """The code as a module of its own, under this source's name in every traceback. Runs its top level.

        Raises CodeError for code that does not parse; what the code raises itself passes through.
        """
        text, name = self.text(), str(self)
        try:
            compiled = compile(text, name, "exec")
        except (SyntaxError, ValueError) as error:
            raise CodeError(f"{name} does not parse: {error}.") from None
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)  # for tracebacks
        module = ModuleType(self.path.stem)
        module.__file__ = name
        exec(compiled, vars(module))
        return module

    def _from_git(self, revision: str) -> str:
        folder = self.path.parent
        if not folder.is_dir():
            raise CodeError(f"{self} cannot be read: there is no folder {folder}.")
        try:
            return git(folder, "show", f"{revision}:./{self.path.name}")
        except CodeError as error:
            raise CodeError(
                f"{self} cannot be read. {error} The file must be committed in the repository that it lies in, and the "
                "revision must exist there."
            ) from None
