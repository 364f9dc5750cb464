"""Cloud Control API: creates, reads, changes and lists single resources through CloudFormation's handlers."""
