"""One trial: what was proposed, what it is judged by, how it ended."""
