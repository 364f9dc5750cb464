"""The shared base of all other packages: context, operations, errors, clock, ids, HTTP messages."""
