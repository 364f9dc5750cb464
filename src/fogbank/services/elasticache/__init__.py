"""Amazon ElastiCache: Valkey and Redis OSS on Valkey servers, Memcached on Memcached servers.

https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/Welcome.html
"""
