"""What a recording of the fly visual system determines, with its true functions."""
