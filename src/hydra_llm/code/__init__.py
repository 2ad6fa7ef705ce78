"""Code that arrives while a sweep is on: where it stands, what it may contain, how it runs. Standard library only."""
