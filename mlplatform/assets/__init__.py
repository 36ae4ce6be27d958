"""Asset factories: wiring only, each body a few lines around a pure function."""
