"""The networks themselves, and the files that hold their weights."""
