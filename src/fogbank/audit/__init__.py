"""Every call on record: what CloudTrail tells of it, and `fogbank why`."""
