"""Training and processing jobs: launched once for the same work, followed, stopped, and told about."""
