"""Tests of reading the records."""
