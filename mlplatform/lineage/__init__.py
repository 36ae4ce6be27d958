"""Reading the records that the graph has written."""
