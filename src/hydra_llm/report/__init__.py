"""Pictures and reports of a sweep, drawn from its state; nothing here decides anything."""
