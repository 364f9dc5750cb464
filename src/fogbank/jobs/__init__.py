"""The only source of "later": jobs committed with the change that asks for them, timers, retries, and the worker."""
