"""Amazon Route 53: hosted zones, record sets, health checks and what belongs to them.

https://docs.aws.amazon.com/Route53/latest/APIReference/Welcome.html
"""
