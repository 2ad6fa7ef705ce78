"""Spaces and trials as Optuna sees them."""
