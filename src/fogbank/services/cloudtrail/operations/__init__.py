"""The operations of CloudTrail, one family per file."""
