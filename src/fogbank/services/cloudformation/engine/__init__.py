"""The provisioner: takes a stack from one revision to the next, resource by resource, and resumes after a crash."""
