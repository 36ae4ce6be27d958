"""Tests of mlplatform.sensors."""
