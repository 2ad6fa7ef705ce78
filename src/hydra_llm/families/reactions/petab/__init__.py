"""PEtab version 1: a reaction network, the experiments on it, and the parameters to estimate."""
