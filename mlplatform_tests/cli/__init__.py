"""Tests of mlplatform.cli."""
