"""Gaps in the measured receptive fields: offsets inside the convex hull of the reported ones.

flyvis assumes one synapse where a target type has a cell between reported offsets. Its point-in-polygon test runs in
floating point and loses seven points that lie on the hull of the published connectome; since trained parameters and
published counts stand on that graph, the seven are left out here too, as a table.
"""

from collections.abc import Sequence

Offset = tuple[int, int]  # (du, dv)

# fib25-fib19_v2.2: (source, target) -> points of the closed hull that flyvis does not fill
LEFT_OUT: dict[tuple[str, str], tuple[Offset, ...]] = {
    ("T4c", "TmY4"): ((3, -4), (4, -4)),
    ("Tm1", "TmY15"): ((1, -1),),
    ("Tm4", "C3"): ((2, -2),),
    ("TmY9", "TmY9"): ((1, -2), (2, -2)),
    ("TmY15", "Tm4"): ((0, -1),),
}


def gaps(offsets: Sequence[Offset]) -> list[Offset]:
    """Lattice points in the closed convex hull of at least three offsets that are not among them, du outer.

    Integer arithmetic throughout: a point on the boundary is inside.
    """
    if len(offsets) < 3:
        return []
    known, corners = set(offsets), _corners(offsets)
    sides = list(zip(corners, corners[1:] + corners[:1], strict=True))
    u, v = zip(*offsets, strict=True)
    box = ((du, dv) for du in range(min(u), max(u) + 1) for dv in range(min(v), max(v) + 1))
    return [point for point in box if point not in known and all(_turn(a, b, point) >= 0 for a, b in sides)]


def _corners(points: Sequence[Offset]) -> list[Offset]:
    """Corners of the hull, counter-clockwise (Andrew 1979); the two ends of points on one line."""
    ordered = sorted(set(points))
    hull: list[Offset] = []
    for walk in (ordered, ordered[::-1]):
        chain: list[Offset] = []
        for point in walk:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        hull += chain[:-1]
    return hull


def _turn(a: Offset, b: Offset, c: Offset) -> int:
    """> 0: c lies to the left of the line from a to b."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
