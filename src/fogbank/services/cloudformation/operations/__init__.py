"""CloudFormation's operations, one file per family."""
