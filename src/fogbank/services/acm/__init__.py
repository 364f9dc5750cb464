"""AWS Certificate Manager.

https://docs.aws.amazon.com/acm/latest/APIReference/Welcome.html
"""
