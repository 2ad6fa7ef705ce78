"""What is learned of a reaction network."""
