"""The event log of a sweep, and the state that it folds into."""
