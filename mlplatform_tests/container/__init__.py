"""Tests of `mlplatform/container`."""
