"""What an eye is shown. Luminance on the columns of a hexagonal lattice, in [0, 1]."""
