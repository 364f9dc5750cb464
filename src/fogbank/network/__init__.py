"""The virtual networks of accounts: records and rules that all services share.

EC2 writes most of these records. RDS, ECS, ELB and Lambda take addresses and make interfaces here, in their own
transactions, so that nothing stays behind after a crash.

https://docs.aws.amazon.com/vpc/latest/userguide/what-is-amazon-vpc.html
"""
