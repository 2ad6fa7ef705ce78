"""What two pieces of code have in common that say the same in other words."""

import ast
import hashlib

OWN_NAMES = {"self", "loss", "horizon"}  # by which the interface knows them


def tree_digest(text: str) -> str:
    """16 characters: equal for code that differs in layout, comments, docstrings, annotations and the names that it
    gives to its own variables, functions and classes. Raises SyntaxError.
    """
    tree = ast.parse(text)
    renamed: dict[str, str] = {}
    for node in ast.walk(tree):
        for name in _given(node):
            if name not in OWN_NAMES:
                renamed.setdefault(name, f"n{len(renamed)}")
    return hashlib.sha256(ast.dump(_Plain(renamed).visit(tree)).encode()).hexdigest()[:16]


def _given(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    return [node.id] if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else []


class _Plain(ast.NodeTransformer):
    def __init__(self, renamed: dict[str, str]) -> None:
        self._renamed = renamed

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._renamed.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg, node.annotation = self._renamed.get(node.arg, node.arg), None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._definition(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._definition(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = _without_texts(node.body)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Pass()
        return self.visit(ast.Assign(targets=[node.target], value=node.value))

    def _definition(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        node.name = self._renamed.get(node.name, node.name)
        node.body = _without_texts(node.body)
        return self.generic_visit(node)


def _without_texts(body: list[ast.stmt]) -> list[ast.stmt]:
    kept = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return kept or [ast.Pass()]
