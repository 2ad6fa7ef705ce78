"""What a file holds, as a number: the same content under another name is the same recording."""

import hashlib
from pathlib import Path

_BLOCK = 2**20


def content_hash(path: Path) -> str:
    """Of a file, or of every file in a folder with its place in it."""
    digest = hashlib.sha256()
    for part in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if part.is_dir():
            continue
        if part != path:
            digest.update(f"{part.relative_to(path).as_posix()}\0".encode())
        with part.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()
