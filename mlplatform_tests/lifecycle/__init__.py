"""A use case from its first file to its monitored endpoint, the same on a laptop and on SageMaker."""
