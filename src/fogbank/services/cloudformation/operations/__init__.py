"""CloudFormation's operations, one family a file."""
