"""Everything that happens later: jobs that commit with the change that needs them, their retries, and the worker."""
