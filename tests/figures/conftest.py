from rendering import render  # noqa: F401  # fixture
