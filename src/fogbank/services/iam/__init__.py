"""AWS Identity and Access Management. Its records are those of fogbank.auth.records, which auth reads.

https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html
"""
