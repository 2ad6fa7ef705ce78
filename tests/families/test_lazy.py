from importlib import import_module

import pytest

from hydra_llm.families import flyvis, metabolism, signal
from programs import imported

FAMILIES = {"flyvis": flyvis, "metabolism": metabolism, "signal": signal}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_imported_without_torch_and_its_names_are_found_when_asked_for(name):
    assert (
        imported(f"import hydra_llm.families.{name}", "torch", "lightning", f"hydra_llm.families.{name}.family") == []
    )
    pytest.importorskip("torch", reason="the science extra is not installed")
    package = FAMILIES[name]
    assert package.FAMILY is import_module(f"hydra_llm.families.{name}.family").FAMILY
    assert getattr(package, f"{name}_system").__module__ == f"hydra_llm.families.{name}.system.build"


@pytest.mark.parametrize("name", FAMILIES)
def test_another_name_is_an_attribute_error_that_names_the_package(name):
    with pytest.raises(AttributeError, match=f"module 'hydra_llm.families.{name}' has no attribute 'other'"):
        FAMILIES[name].other
