"""The IaC generator: scans of an account's resources, and templates that are generated from them."""
