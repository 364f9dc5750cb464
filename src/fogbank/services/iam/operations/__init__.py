"""The operations of IAM, one family a file."""
