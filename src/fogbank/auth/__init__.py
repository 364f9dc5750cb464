"""Authentication and authorization: signatures, credentials, policies."""
