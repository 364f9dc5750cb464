"""AWS CloudTrail: the event history, and trails that are delivered to S3 with digest files.

The events come from the audit (`fogbank/audit`), which every call passes.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-user-guide.html
"""
