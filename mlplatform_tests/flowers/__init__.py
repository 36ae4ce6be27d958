"""Small use cases on generated data: the same flowers, asked for a species, a scent, a kind or a weight."""
