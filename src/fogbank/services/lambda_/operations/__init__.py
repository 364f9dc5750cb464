"""The operations of Lambda, one module per family."""
