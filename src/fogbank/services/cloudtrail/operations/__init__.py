"""The operations of CloudTrail, a file for each family."""
