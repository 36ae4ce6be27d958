"""What runs inside the training and serving container: no Dagster."""
