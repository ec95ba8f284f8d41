"""Everything that changes cases, masks and jobs. Each operation is all or nothing."""
