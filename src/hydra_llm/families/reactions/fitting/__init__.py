"""Maximum likelihood from many starts, and profile likelihoods."""
