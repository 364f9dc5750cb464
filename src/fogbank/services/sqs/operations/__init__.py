"""The operations of SQS, one family per file."""
