"""The operations of ElastiCache, one family per file."""
