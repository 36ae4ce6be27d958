"""One folder per use case, loaded by itself."""
