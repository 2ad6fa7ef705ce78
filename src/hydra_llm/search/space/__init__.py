"""What can be varied: dimensions, configurations, their canonical keys."""
