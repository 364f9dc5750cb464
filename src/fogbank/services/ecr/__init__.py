"""Amazon Elastic Container Registry, private and public: their APIs, and the registry that container tools speak to.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/Welcome.html
"""
