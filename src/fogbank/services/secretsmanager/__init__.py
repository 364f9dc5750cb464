"""AWS Secrets Manager.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html
"""
