"""SageMaker Lineage: what is exported there, and read back."""
