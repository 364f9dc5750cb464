"""AWS Security Token Service: temporary credentials. Its records are in fogbank.auth.records.

https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
"""
