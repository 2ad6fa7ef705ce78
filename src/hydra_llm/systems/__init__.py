"""Ground truth: dynamical systems whose mechanism is known. No Lightning, no Hydra."""
