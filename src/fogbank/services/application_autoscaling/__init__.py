"""Application Auto Scaling.

https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""
