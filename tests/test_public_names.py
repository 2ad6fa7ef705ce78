"""`import hydra_llm`: every public name is there, and costs nothing until it is used."""

import ast
from pathlib import Path

import pytest

import hydra_llm
from programs import imported

HEAVY = ("hydra", "lightning", "matplotlib", "numpy", "omegaconf", "openai", "optuna", "pydantic", "torch", "yaml")


@pytest.mark.parametrize("name", hydra_llm.__all__)
def test_every_public_name_resolves_to_what_it_says(name):
    found = getattr(hydra_llm, name)
    assert getattr(found, "__name__", "").rpartition(".")[2] == name
    assert name in dir(hydra_llm)


def test_importing_the_package_imports_nothing_heavy():
    assert imported("import hydra_llm, hydra_llm.job", *HEAVY) == []


def test_a_name_of_the_search_pulls_no_science():
    code = "from hydra_llm import Client, PruningRule, SelectionPolicy, read_sweep, write_report"
    assert imported(code, "hydra", "lightning", "omegaconf", "openai", "torch") == []


def test_type_checkers_see_the_same_names_in_the_same_places():
    tree = ast.parse(Path(hydra_llm.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    stated = {(item.module, name.name) for item in block.body for name in item.names}
    assert stated == {("hydra_llm", "job"), *((place, name) for name, place in hydra_llm._MODULE_OF.items())}


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'hydra_llm' has no attribute 'Sweeper'"):
        hydra_llm.Sweeper
