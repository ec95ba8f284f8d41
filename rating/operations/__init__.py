"""Everything that changes studies and readings. Each operation is all or nothing."""
