"""The engine behind hydra/sweeper=llm_ucb."""
