"""The provisioner: takes a stack from one revision to another, resource by resource, and survives being killed."""
