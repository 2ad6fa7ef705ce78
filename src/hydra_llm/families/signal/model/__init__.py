"""What is learned of a rate network."""
