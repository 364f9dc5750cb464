"""Service Quotas: the quotas of an account, and requests to increase them.

https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html

`core.quotas` has the published quotas, `auth.quotas` the granted values. This package has the calls and their records.
"""
