"""The operations of STS, one family a file."""
