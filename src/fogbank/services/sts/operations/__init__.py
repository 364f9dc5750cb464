"""The operations of STS, one family per file."""
