"""AWS Key Management Service: symmetric keys with real AES-256-GCM.

https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html
"""
