"""CloudFormation's own resource types."""
