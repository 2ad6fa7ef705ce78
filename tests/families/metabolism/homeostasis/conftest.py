"""The small world of the homeostasis tests."""

import pytest
from homeostasis_world import World, make_net, make_world

from hydra_llm.families.metabolism.model.gnn import ReactionGNN


@pytest.fixture(scope="session")
def world() -> World:
    return make_world()


@pytest.fixture
def net(world: World) -> ReactionGNN:
    return make_net(world)
