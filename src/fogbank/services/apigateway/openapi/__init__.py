"""OpenAPI documents: read, imported, exported."""
