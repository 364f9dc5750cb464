"""One folder per AWS service, named as botocore names it; each is imported on its first request."""
