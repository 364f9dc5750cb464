"""Amazon Elastic Compute Cloud and Amazon Virtual Private Cloud.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html

The records and rules of the network are in `fogbank.network`, which other services use as well.
"""
