"""AWS Resource Groups.

https://docs.aws.amazon.com/ARG/latest/APIReference/Welcome.html
"""
