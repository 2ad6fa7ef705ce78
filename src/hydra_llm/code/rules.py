"""Rules that proposed code is held to before any of it runs, read off its syntax tree.

They guard against mistakes and against shortcuts that a language model takes, not against a programmer who wants to
break out: Python has too many doors for that. What must not be lost belongs outside the machine that runs such code.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_CHARACTERS = 20_000
IMPORTS = (
    *("__future__", "abc", "collections", "collections.abc", "dataclasses", "enum", "functools", "itertools", "math"),
    *("operator", "statistics", "typing", "numpy", "torch", "torch.nn", "torch.nn.functional", "torch.linalg"),
    *("torch.fft", "torch.special", "hydra_llm.training.strategy"),
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUILTINS = _words(
    "open exec eval compile __import__ input globals locals vars getattr setattr delattr breakpoint exit quit help "
    "memoryview"
)
FILES = _words(
    "load save loads hub savez savez_compressed loadtxt savetxt genfromtxt fromfile tofile memmap from_file "
    "DataSource open_memmap load_library ctypeslib"
)
PROCESSES = _words("multiprocessing distributed rpc cpp_extension system popen Popen spawn fork environ")
INTERNALS = _words(
    "_C ops classes library overrides package serialization storage utils testing lib f2py gi_frame f_back f_globals "
    "f_locals f_builtins tb_frame cr_frame func_globals modules data set_default_dtype set_default_device "
    "manual_seed set_grad_enabled"
)
TRUTH = _words(
    "truth ground_truth true_weights true_types types labels label neuron_types oracle evaluator evaluation metrics "
    "metric dataset checkpoint checkpoints"
)
KINDS = (
    (FILES, "reads or writes files"),
    (PROCESSES, "reaches processes or the environment"),
    (INTERNALS, "reaches into a library or the interpreter"),
    (TRUTH, "asks for what an experimenter does not know, or for what judges the fit"),
)


@dataclass(frozen=True)
class Rules:
    """imports: modules that may be imported, each by its full name."""

    imports: Sequence[str] = IMPORTS
    most_characters: int = MOST_CHARACTERS

    def problems(self, text: str) -> list[str]:
        """A sentence for everything that breaks a rule, in the order of lines; [] for code that may run."""
        if len(text) > self.most_characters:
            return [f"The code must have at most {self.most_characters} characters, got {len(text)}."]
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None)
            return [f"{f'Line {line}: it' if line else 'It'} does not parse: {getattr(error, 'msg', None) or error}."]
        found = [(line, text) for node in ast.walk(tree) for line, text in self._of(node)]
        found += [(node.lineno, text) for node in tree.body for text in _top_level(node)]
        return [f"Line {line}: {text}" for line, text in dict.fromkeys(sorted(found))]

    def _of(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in _imported(node):
                if name not in self.imports:
                    yield line, f"it imports {name}; what may be imported is {', '.join(self.imports)}."
            for alias in node.names:
                yield from ((line, text) for text in _name(alias.name.rpartition(".")[2]))
        elif isinstance(node, ast.Name):
            yield from ((line, text) for text in _name(node.id))
        elif isinstance(node, ast.Attribute):
            yield from ((line, text) for text in _attribute(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "__" in node.value:
            yield line, "a text holds a double underscore, by which the interpreter's own names are reached."
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield line, "it changes names of another scope; keep state on self."
        elif isinstance(node, ast.ClassDef) and node.keywords:
            yield line, "a class takes arguments (a metaclass); leave them out."
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield line, "it is asynchronous; a loss is computed at once."


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return ["." * node.level + (node.module or "")] if node.level else [node.module or ""]


def _name(name: str) -> Iterator[str]:
    if name in BUILTINS:
        yield f"it uses {name}, which reaches files, other code or names behind a text."
    elif name.startswith("__") and name.endswith("__"):
        yield f"it uses {name}, a name of the interpreter's own."


def _attribute(node: ast.Attribute) -> Iterator[str]:
    name = node.attr
    if isinstance(node.ctx, ast.Store | ast.Del) and not _is_self(node.value):
        yield f"it assigns to .{name} of something that is not its own (a monkeypatch); only self may be changed."
    if name.startswith("__"):
        if not (name == "__init__" and _is_super(node.value)):
            yield f"it asks for .{name}, a name of the interpreter's own."
    elif name.startswith("_") and not _is_self(node.value):
        yield f"it asks for .{name}, which is private."
    else:
        for names, why in KINDS:
            if name in names and not _is_self(node.value):
                yield f"it asks for .{name}: that {why}."


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _top_level(node: ast.stmt) -> Iterator[str]:
    """Nothing happens when the file is read: definitions, imports, constants and texts only."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    definition = isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)
    constant = isinstance(node, ast.Assign | ast.AnnAssign) and not any(
        isinstance(part, ast.Call | ast.Attribute) for part in ast.walk(node.value or ast.Constant(0))
    )
    if not (text or definition or constant):
        yield "something happens while the file is read; only imports, constants, functions and classes may stand here."
