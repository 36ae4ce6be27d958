"""Sensors: what starts work without a click. Shipped stopped; users switch them on in the UI."""
