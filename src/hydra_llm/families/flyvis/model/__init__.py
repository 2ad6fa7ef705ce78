"""What is learned of the fly visual system."""
