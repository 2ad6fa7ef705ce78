from signal_fixtures import make_frames, make_net  # noqa: F401  # fixtures
