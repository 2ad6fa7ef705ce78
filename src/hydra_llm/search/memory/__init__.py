"""What a sweep knows: entries that a proposer writes and records judge."""
