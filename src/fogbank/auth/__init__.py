"""Who is calling and whether they may: signatures, credentials, policies."""
