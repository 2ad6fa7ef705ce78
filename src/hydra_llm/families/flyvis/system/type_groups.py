"""Functional groups of cell types, by their names: lamina, medulla, transmedullary, motion detectors and so on."""

import re

_GROUPS = (  # the first pattern that matches the whole name
    (r"R[1-6]", "R1-6 photoreceptors"),
    (r"R[78]", "R7-8 photoreceptors"),
    (r"L\d", "L lamina monopolar"),
    (r"Lawf\d", "Lawf wide field"),
    (r"Am", "Am amacrine"),
    (r"C[23]", "C centrifugal"),
    (r"CT1\(.*\)", "CT1"),
    (r"Mi\d+", "Mi medulla intrinsic"),
    (r"T4[a-d]", "T4 motion, ON"),
    (r"T5[a-d]", "T5 motion, OFF"),
    (r"T[123]a?", "T1-3"),
    (r"TmY\d+a?", "TmY"),
    (r"Tm\d+[abcY]?", "Tm transmedullary"),
)
OTHER = "other"


def group_of(type_name: str) -> str:
    """The group of a cell type; a type of another connectome may have none."""
    return next((group for pattern, group in _GROUPS if re.fullmatch(pattern, type_name)), OTHER)
