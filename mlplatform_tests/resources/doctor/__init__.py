"""What `mlplatform doctor` finds."""
