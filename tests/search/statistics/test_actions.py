"""An action can be taken where a parameter that it names moves; rows with another action are not offered."""

from dataclasses import replace

import pytest
from llm_sweeps import small
from shipped_searches import SEARCHES, search

from hydra_llm.llm.instructions import instruction_text
from hydra_llm.search.context import Block
from hydra_llm.search.proposers.llm.prompt_sections import strategies
from hydra_llm.search.protocol_text import BEGIN, END
from hydra_llm.search.statistics.actions import not_searched
from hydra_llm.search.statistics.conditions import judge, rows


def lacks(action, **fields):
    text = f"{BEGIN}\n| default | exploit | {action} |\n| a new best | explore | go |\n{END}\n"
    (found, _) = judge(replace(small(**fields), protocol=text))
    return found.lacks


def test_an_action_needs_one_of_the_parameters_that_it_names():
    assert lacks("`lr` down") == lacks("`training.lr` down") == lacks("`lr=0.001`") == ()
    assert lacks("`coeff_W_L1` to 1E-6") == ("coeff_W_L1",)
    assert lacks("`coeff_W_L1` or `lr` down") == ()
    assert lacks("another parameter") == ()


def test_a_locked_parameter_moves_nowhere_and_one_of_the_block_in_the_next():
    assert lacks("`depth` down") == ("depth",)
    assert lacks("`n_frames` up") == ("n_frames",)
    assert lacks("`n_frames` up", block=Block(index=1, k=7, values={"simulation.n_frames": 100})) == ()


def test_metrics_strategies_and_numbers_are_no_parameters():
    assert lacks("whatever raises `val_R2`") == lacks("as for `explore`") == lacks("`1e-3` at most") == ()


def test_a_row_whose_action_cannot_be_taken_is_not_offered():
    table = "| a parameter was never moved, or default | scale-up | `n_loops` times 5 |\n| default | exploit | go |\n"
    text = strategies(small(protocol=f"{BEGIN}\n{table}{END}\n")).text
    assert "exploit: default" in text
    assert "scale-up" not in text


# ---- what is shipped ----


def moving(found):
    return {*found.params, *found.get("block_params", {})}


PROTOCOLS = sorted({search(name).instructions for name in SEARCHES})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_action_of_a_protocol_can_be_taken_in_a_search_that_uses_it(protocol):
    users = [found for found in map(search, SEARCHES) if found.instructions == protocol]
    for row in rows(instruction_text(protocol)):
        assert any(not_searched(row.action, moving(found)) == () for found in users), row


def test_searches_without_a_parameter_of_their_protocol_do_without_its_rows():
    found = {
        name: [
            row.strategy
            for row in rows(instruction_text(search(name).instructions))
            if not_searched(row.action, moving(search(name)))
        ]
        for name in SEARCHES
    }
    assert {name: lost for name, lost in found.items() if lost} == {
        "demo": ["L1-reduction", "sparse-high-risk", "break-degeneracy"],
        "signal": ["sparse-high-risk", "epoch-scale-up", "scale-up"],
        "signal_types": ["sparse-high-risk", "epoch-scale-up", "scale-up"],
    }


def test_the_regimes_of_the_publications_are_choices_of_a_shipped_search():
    regimes = search("signal_published").block_params
    assert {"simulation.connectivity_rank", "simulation.Dale_law", "simulation.n_neuron_types"} <= set(regimes)
    assert regimes["simulation.connectivity_rank"].when == {"simulation.connectivity_type": "low_rank"}
    for name in ("flyvis_davis", "flyvis_published"):
        assert "DAVIS" in search(name).block_params["simulation.visual_input_type"]
