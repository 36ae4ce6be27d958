"""The records in forms that other programs read."""
