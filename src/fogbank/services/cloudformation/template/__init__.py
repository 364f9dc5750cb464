"""CloudFormation's template language: parses, checks and evaluates templates. Pure: no store, no calls."""
