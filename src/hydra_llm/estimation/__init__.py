"""What a recording says of states and their derivatives, before and after a network is known."""
