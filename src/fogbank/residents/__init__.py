"""Background work with a row in the store. The keeper starts it, restarts it when it fails, and ends it."""
