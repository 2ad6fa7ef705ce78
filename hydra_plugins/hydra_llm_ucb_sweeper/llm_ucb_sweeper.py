"""`LlmUcbSweeper`: what Hydra sees. The work is in hydra_llm.sweeper, which is imported when a sweep starts."""

from typing import Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.hydra_llm_ucb_sweeper import config as _registration  # noqa: F401  # registers the configuration


class LlmUcbSweeper(Sweeper):
    """Ask -> validate -> launch -> tell over any function under @hydra.main that returns numbers."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._sweep: Any = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        from hydra_llm.sweeper.run import SweepRun

        self.hydra_context = hydra_context
        self.config = config
        self._sweep = SweepRun(self._options, hydra_context, task_function, config)
        self.launcher = self._sweep.launcher

    def sweep(self, arguments: list[str]) -> Any:
        """Returns the list of batches of JobReturn, in launch order."""
        return self._sweep.run(arguments, self.validate_batch_is_legal)
