"""Amazon Simple Storage Service: buckets and objects.

https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
"""
