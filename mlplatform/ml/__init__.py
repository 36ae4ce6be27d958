"""Pure functions of the platform: no Dagster, no input or output."""
