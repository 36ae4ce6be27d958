"""The records in other programs' forms."""
