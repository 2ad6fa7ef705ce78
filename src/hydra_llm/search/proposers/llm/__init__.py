"""A language model as a proposer."""
