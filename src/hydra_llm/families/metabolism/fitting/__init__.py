"""How the first phase of a reaction network is fitted."""
