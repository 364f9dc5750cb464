"""Service Quotas: what an account may have, and requests for more.

https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html

The published quotas are `core.quotas`, the granted ones `auth.quotas`; here are the calls and what they keep.
"""
