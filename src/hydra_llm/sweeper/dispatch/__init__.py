"""How jobs are started and waited for."""
