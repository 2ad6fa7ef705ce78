"""A training strategy from a file of the user's own: loaded, called with care, its answer checked."""

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hydra_llm.code.errors import CodeError
from hydra_llm.code.rules import Rules
from hydra_llm.code.source import Source
from hydra_llm.schema.training import CustomStrategy
from hydra_llm.training.strategy import Batch, Diagnostics, FitStep, StrategyError, TrainingStrategy


@dataclass(frozen=True)
class FileStrategy:
    """The strategy of one file. source names it in errors."""

    source: Source
    strategy: TrainingStrategy

    @classmethod
    def load(cls, source: Source) -> "FileStrategy":
        """Runs the top level of the file and builds its one class, without arguments. Raises StrategyError."""
        try:
            module = source.module()
        except CodeError as error:
            raise StrategyError(str(error)) from None
        except Exception as error:
            raise StrategyError(f"{source} cannot be imported ({type(error).__name__}: {error}).") from error
        kinds: list[Any] = [
            value
            for value in vars(module).values()
            if inspect.isclass(value) and value.__module__ == module.__name__ and callable(getattr(value, "loss", None))
        ]
        if len(kinds) != 1:
            raise StrategyError(
                f"{source} must define one class with a method loss(self, model, batch, step), got {len(kinds)}."
            )
        try:
            strategy = kinds[0]()
            inspect.signature(strategy.loss).bind(None, None, None)
        except Exception as error:
            raise StrategyError(
                f"{source}: {kinds[0].__name__} must be built without arguments and have "
                f"loss(self, model, batch, step): {type(error).__name__}: {error}."
            ) from error
        horizon = getattr(strategy, "horizon", None)
        if horizon is not None and (isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 0):
            raise StrategyError(
                f"{source}: horizon must be the number of frames behind the first that a sample needs, or None for "
                f"those of the configuration, got {horizon!r}."
            )
        return cls(source, strategy)

    def horizon(self, configured: int) -> int:
        """Frames behind the first in every sample: enough for the configured objective too."""
        return max(configured, getattr(self.strategy, "horizon", None) or 0)

    def loss(self, model: Any, batch: Batch, step: FitStep) -> tuple[Tensor, Diagnostics]:
        """The checked answer. Raises StrategyError; the error of the strategy's own code is its cause."""
        try:
            answer = self.strategy.loss(model, batch, step)
        except Exception as error:
            raise StrategyError(
                f"{self.source} failed at step {step.number}: {type(error).__name__}: {error}."
            ) from error
        loss, diagnostics = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, {})
        if not isinstance(loss, Tensor) or loss.dim() != 0:
            shape = list(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise StrategyError(f"{self.source}: loss must return a scalar tensor, got {shape} at step {step.number}.")
        if not loss.requires_grad:
            raise StrategyError(
                f"{self.source}: the loss of step {step.number} does not depend on the network: nothing could learn "
                "from it. Do not detach what the network returns."
            )
        if not isinstance(diagnostics, dict):
            raise StrategyError(f"{self.source}: diagnostics must be a dict, got {type(diagnostics).__name__}.")
        return loss, diagnostics

    def numbers(self, loss: Tensor, diagnostics: Diagnostics, step: FitStep) -> dict[str, float]:
        """What is logged of a step. Waits for the device. Raises StrategyError for a loss that is not a number."""
        if not torch.isfinite(loss):
            raise StrategyError(f"{self.source}: the loss of step {step.number} is {loss.item()}, not a finite number.")
        try:
            return {f"strategy_{name}": float(value) for name, value in diagnostics.items()}
        except (TypeError, ValueError, RuntimeError) as error:
            raise StrategyError(f"{self.source}: diagnostics must be single numbers: {error}.") from error


def strategy_of(keys: CustomStrategy) -> FileStrategy | None:
    """The strategy that the keys name; None: there is none."""
    if keys.source is None:
        return None
    try:
        source = Source.parse(keys.source)
        problems = Rules().problems(source.text()) if keys.checked else []
    except CodeError as error:
        raise StrategyError(f"training.strategy.source: {error}") from None
    if problems:
        raise StrategyError(
            f"{source} breaks the rules of docs/strategies.md. {' '.join(problems)} A file of your own that may do so "
            "runs with training.strategy.checked=false."
        )
    return FileStrategy.load(source)


def refuse_without_steps(keys: CustomStrategy, n_steps: int, remedy: str) -> None:
    """Raise StrategyError for a strategy that no gradient step would ever ask."""
    if keys.source is not None and not n_steps:
        raise StrategyError(
            f"training.strategy.source={keys.source} would change nothing: a strategy acts in gradient steps, and this "
            f"fit has none. Projection, splines and closed forms solve a least-squares problem instead. {remedy}"
        )
