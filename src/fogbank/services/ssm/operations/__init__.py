"""The operations of Parameter Store, one family per file."""
