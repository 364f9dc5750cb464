"""The operations of S3, one module per family."""
