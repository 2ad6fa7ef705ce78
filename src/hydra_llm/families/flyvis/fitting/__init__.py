"""How a network of the fly visual system is fitted."""
