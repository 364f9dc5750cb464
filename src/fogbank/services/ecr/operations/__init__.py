"""The operations of both APIs, by family."""
