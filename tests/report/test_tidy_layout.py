"""Nothing overlaps, whatever the tree: checked on random trees of up to 300 nodes."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_llm.report.paper_layout import MOST_CHARACTERS, ROW, Page, page
from hydra_llm.report.tidy_layout import GAP, panel


def overlap(a, b, tolerance=1e-6):
    across = a.x0 < b.x1 - tolerance and b.x0 < a.x1 - tolerance
    return across and a.y0 < b.y1 - tolerance and b.y0 < a.y1 - tolerance


@st.composite
def forests(draw, most=300):
    """node -> parent, parents first: chains, stars and everything between."""
    n = draw(st.integers(1, most))
    reach = draw(st.sampled_from([1, 2, 5, 40, 1000]))
    seeds = draw(st.lists(st.integers(0, 10**6), min_size=n, max_size=n))
    parents: dict[int, int | None] = {0: None}
    for node in range(1, n):
        near = max(0, node - reach)
        parents[node] = None if seeds[node] % 23 == 0 else near + seeds[node] % (node - near)
    return parents


@given(forests())
@settings(max_examples=40, deadline=None)
def test_no_two_nodes_of_a_column_share_a_row_or_the_span_of_their_children(parents):
    places = panel(parents).places
    assert places.keys() == parents.keys()
    columns: dict[int, list] = {}
    for node, place in places.items():
        assert place.span[0] <= place.row <= place.span[1]
        assert place.column == (0 if parents[node] is None else places[parents[node]].column + 1)
        columns.setdefault(place.column, []).append(place)
    for column in columns.values():
        ordered = sorted(column, key=lambda place: place.row)
        for upper, lower in itertools.pairwise(ordered):
            assert lower.span[0] - upper.span[1] >= GAP - 1e-9


@given(forests())
@settings(max_examples=20, deadline=None)
def test_a_parent_stands_in_the_middle_of_its_children_and_all_rows_are_inside_the_panel(parents):
    found = panel(parents)
    assert found.places.keys() == parents.keys()
    for node, place in found.places.items():
        own = [found.places[child].row for child, parent in parents.items() if parent == node]
        if own:
            assert place.row == pytest.approx((min(own) + max(own)) / 2)
        assert -1e-9 <= place.row <= found.rows + 1e-9


def printed(parents, labelled=True) -> Page:
    labels = {node: "x" * (1 + (7 * node) % MOST_CHARACTERS) for node in parents} if labelled else {}
    runs = {node: 1 + node % 5 for node in parents}
    return page({1: panel(parents)}, parents, runs, labels, lambda text: 3.6 * len(text), 500.0)


@given(forests(), st.booleans())
@settings(max_examples=25, deadline=None)
def test_in_print_no_node_label_or_line_touches_another(parents, labelled):
    nodes = printed(parents, labelled).panels[1].nodes
    assert nodes.keys() == parents.keys()
    boxes = [(node, spot.box) for node, spot in nodes.items()]
    boxes += [(node, spot.label_box) for node, spot in nodes.items() if spot.label_box is not None]
    boxes.sort(key=lambda item: item[1].y0)
    for place, (node, box) in enumerate(boxes):  # a sweep from above: only boxes that begin above its lower edge
        for other, below in boxes[place + 1 :]:
            if below.y0 >= box.y1:
                break
            assert not overlap(box, below), (node, other)
    trunks: dict[int, list] = {}
    for node, spot in nodes.items():
        if spot.trunk_x is not None and spot.parent_xy is not None:
            ends = sorted((spot.parent_xy[1], spot.y))
            trunks.setdefault(round(spot.trunk_x, 3), []).append((parents[node], *ends))
    for x, lines in trunks.items():
        for node, box in boxes:
            assert not box.x0 < x < box.x1, f"the line at {x} runs through {node}"
        for (a, low, high), (b, low_b, high_b) in itertools.combinations(lines, 2):
            assert a == b or high <= low_b or high_b <= low  # lines of two parents never meet


@given(forests(80))
@settings(max_examples=15, deadline=None)
def test_everything_lies_inside_the_frame_of_its_block(parents):
    found = printed(parents).panels[1]
    assert found.nodes.keys() == parents.keys()
    for spot in found.nodes.values():
        for box in (spot.box, spot.label_box):
            if box is not None:
                assert found.frame.x0 <= box.x0
                assert box.x1 <= found.frame.x1
                assert found.frame.y0 <= box.y0
                assert box.y1 <= found.frame.y1


def test_blocks_are_set_apart_and_beside_each_other_while_there_is_room():
    small = panel({0: None, 1: 0})
    found = page(dict.fromkeys((1, 2, 3, 4), small), {0: None, 1: 0}, {}, {}, len, 300.0)
    frames = [one.frame for one in found.panels.values()]
    assert all(not overlap(a, b) for a, b in itertools.combinations(frames, 2))
    assert len({frame.y0 for frame in frames}) == 2
    assert found.width <= 300.0


def test_a_chain_is_one_row_and_a_star_one_row_per_child():
    assert panel({n: n - 1 if n else None for n in range(300)}).rows == 0
    assert panel({n: 0 if n else None for n in range(300)}).rows == 298
    assert ROW > 0
