"""Tests of mlplatform.assets."""
