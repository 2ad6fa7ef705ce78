"""hydra-llm: recover known mechanisms with graph neural networks, and search over such experiments in closed loop."""
