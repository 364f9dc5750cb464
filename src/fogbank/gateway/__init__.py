"""Bytes in, bytes out: the HTTP server, virtual hosts, routing, and the pipeline every call passes."""
