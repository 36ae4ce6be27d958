"""The command line: thin commands over the functions that the assets call."""
