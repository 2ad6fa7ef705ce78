"""Keys of the sweeper's configuration: each declared once, with type, default, range, unit and help."""
