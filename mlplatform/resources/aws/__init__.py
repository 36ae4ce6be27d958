"""What the resources of the `aws` environment share: settings, clients, the service's limits, jobs."""
