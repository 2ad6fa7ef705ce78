"""A bandit over sources of proposals."""
