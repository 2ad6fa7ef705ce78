"""The exploration tree: a node per configuration."""
