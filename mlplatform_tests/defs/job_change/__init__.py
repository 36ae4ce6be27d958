"""Tests of the use case job_change."""
