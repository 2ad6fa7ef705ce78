"""The closed loop without Hydra: values, tree, selection, strategies, proposers, event log and study."""
