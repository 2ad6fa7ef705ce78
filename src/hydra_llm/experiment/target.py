"""What a fit was given to predict, in the words that every result carries."""

from omegaconf import DictConfig

ORACLE_DERIVATIVE = "oracle derivative"  # the simulator's own du/dt, which no experimenter has


def target_of(training: DictConfig) -> str:
    """`oracle derivative` for target=drift, else `recording` with the method that estimates du/dt from it."""
    target = str(training.get("target", "recording"))
    if target == "drift":
        return ORACLE_DERIVATIVE
    order = training.get("difference_order")
    method = f"{order} differences" if target == "finite_difference" and order is not None else target
    return "recording" if method == "recording" else f"recording, {method}"


def is_oracle(target: str) -> float:
    """The metric target_is_oracle_derivative: 1 or 0."""
    return float(target == ORACLE_DERIVATIVE)
