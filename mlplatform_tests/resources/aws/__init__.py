"""What the aws environment is made of, without a network."""
