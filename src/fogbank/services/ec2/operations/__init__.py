"""The operations of EC2, one module for each family."""
