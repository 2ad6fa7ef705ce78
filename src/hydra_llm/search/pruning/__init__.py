"""When a running trial is told to stop."""
