"""What every other room needs and nothing else: context, operation, errors, clock, ids, http messages."""
