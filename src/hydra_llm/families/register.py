"""Puts the schema into Hydra's ConfigStore."""

from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from hydra_llm.families.flyvis.config import FlyvisGNNConfig, FlyvisSimulation, FlyvisTraining
from hydra_llm.families.metabolism.config import (
    HomeostasisTraining,
    MetabolismSimulation,
    MetabolismTraining,
    ReactionGNNConfig,
)
from hydra_llm.families.reactions.config import (
    MaximumLikelihoodTraining,
    PetabSimulation,
    SbmlSimulation,
)
from hydra_llm.families.signal.config import RecordedSimulation, SignalGNNConfig, SignalSimulation, SignalTraining
from hydra_llm.schema.root import Callbacks, Config, Paths, Search, Trainer

NODES = {
    ("simulation", "signal_schema"): SignalSimulation,
    ("simulation", "recording_schema"): RecordedSimulation,
    ("simulation", "metabolism_schema"): MetabolismSimulation,
    ("simulation", "flyvis_schema"): FlyvisSimulation,
    ("simulation", "petab_schema"): PetabSimulation,
    ("simulation", "sbml_schema"): SbmlSimulation,
    ("model", "signal_gnn_schema"): SignalGNNConfig,
    ("model", "reaction_gnn_schema"): ReactionGNNConfig,
    ("model", "flyvis_gnn_schema"): FlyvisGNNConfig,
    ("training", "signal_schema"): SignalTraining,
    ("training", "metabolism_schema"): MetabolismTraining,
    ("training", "flyvis_schema"): FlyvisTraining,
    ("training", "metabolism_homeostasis_schema"): HomeostasisTraining,
    ("training", "maximum_likelihood_schema"): MaximumLikelihoodTraining,
    ("trainer", "schema"): Trainer,
    ("callbacks", "schema"): Callbacks,
    ("paths", "schema"): Paths,
    ("search", "schema"): Search,
}


def register() -> None:
    """Idempotent. YAML files extend these nodes in their defaults lists, so that an unknown key is an error."""
    store = ConfigStore.instance()
    store.store(name="schema", node=Config, provider="hydra_llm")
    for (group, name), node in NODES.items():
        # any option of lightning.Trainer may be set; experiment.trainer refuses a name that is none
        open_or_not = OmegaConf.structured(node, flags={"struct": False}) if node is Trainer else node
        store.store(group=group, name=name, node=open_or_not, provider="hydra_llm")
