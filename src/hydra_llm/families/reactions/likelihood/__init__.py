"""The negative log likelihood of the measurements of a PEtab problem, with gradient and Fisher information."""
