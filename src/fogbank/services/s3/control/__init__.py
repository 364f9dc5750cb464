"""Amazon S3 Control: Block Public Access of accounts, tags by ARN, access points, jobs, Storage Lens, access grants.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html

It is in S3's folder, since it works on S3's buckets and their policies.
"""
