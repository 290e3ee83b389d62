"""Reads landed files: the contract of each feed, the readers, and the split of records."""
