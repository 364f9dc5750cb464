"""The operations of DynamoDB, one module per family."""
