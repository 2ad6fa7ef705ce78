"""Lightning modules: the simulation and the recovery."""
