"""A connectome file of five cell types, for tests that need no measured one: every feature of the format once."""

import json
from pathlib import Path
from typing import Any

SPEC: dict[str, Any] = {
    "nodes": [
        {"name": "R1", "pattern": ["stride", [1, 1]]},
        {"name": "L1", "pattern": ["stride", [1, 1]]},
        {"name": "Lawf1", "pattern": ["stride", [3, 2]]},
        {"name": "Mi1", "pattern": ["stride", [1, 1]]},
        {"name": "T4a", "pattern": ["stride", [1, 1]]},
    ],
    "edges": [
        {"src": "R1", "tar": "L1", "offsets": [[[0, 0], 40]], "alpha": -1},
        {"src": "L1", "tar": "Mi1", "offsets": [[[0, 0], 20], [[1, 0], 5.5]], "alpha": -1},
        # a triangle whose inner point (1, 1) nobody reported
        {"src": "Mi1", "tar": "T4a", "offsets": [[[0, 0], 10], [[2, 1], 4], [[1, 2], 3]], "alpha": 1},
        {"src": "Lawf1", "tar": "L1", "offsets": [[[0, 0], 7], [[0, 1], 2]], "alpha": -1},
        {"src": "Lawf1", "tar": "Lawf1", "offsets": [[[1, 0], 3]], "alpha": 1},  # no such pair on a stride of three
        {"src": "T4a", "tar": "T4a", "offsets": [[[0, 0], 2]], "alpha": -1},
        {"src": "T4a", "tar": "Mi1", "offsets": [[[-1, 0], 6]], "alpha": 1},
    ],
    "input_units": ["R1"],
    "output_units": ["T4a"],
}


def write_tiny_connectome(path: Path) -> Path:
    path.write_text(json.dumps(SPEC))
    return path
