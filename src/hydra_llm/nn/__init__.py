"""What is learned: networks whose parts have the meaning of the mechanism. No Lightning, no configuration."""
