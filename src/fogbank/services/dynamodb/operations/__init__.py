"""DynamoDB's operations, one family a file."""
