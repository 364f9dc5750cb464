"""AWS Security Token Service: temporary credentials. Its records are those of fogbank.auth.records.

https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
"""
