"""The operations of SNS, one family per file."""
