"""How a signal network is fitted."""
