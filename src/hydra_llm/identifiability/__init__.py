"""What a recording can determine at all, and the exact or least-squares oracle of each family."""
