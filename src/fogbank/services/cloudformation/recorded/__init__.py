"""Resource types that Fogbank does not have: kept as templates declare them, with the values that AWS would make."""
