"""What assets use and environments swap: snapshots, landed files, training, locks."""
