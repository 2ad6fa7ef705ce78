"""What the toy application and a command line declare, without a process of its own."""

from pathlib import Path

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import setup_globals
from hydra.types import HydraContext, RunMode
from omegaconf import open_dict

from hydra_llm.sweeper.make_spec import make_spec
from hydra_llm.sweeper.options import read_options

CONF = Path(__file__).parent / "toy_app" / "conf"


def spec_of(folder, *words, conf=CONF):
    """The spec of the toy application under the words of a command line."""
    setup_globals()
    line = [word for word in words if word.lstrip("+").startswith("hydra.")]
    arguments = [word for word in words if word not in line]
    loader = ConfigLoaderImpl(create_config_search_path(str(conf)))
    line = ["hydra/sweeper=llm_ucb", f"hydra.sweep.dir={folder}", *line]
    config = loader.load_configuration("config", line, RunMode.MULTIRUN)
    with open_dict(config):
        config.hydra.runtime.output_dir = str(folder)
    HydraConfig.instance().set_config(config)
    options = {key: value for key, value in config.hydra.sweeper.items() if key != "_target_"}
    return make_spec(read_options(options), arguments, HydraContext(config_loader=loader, callbacks=None), config)
