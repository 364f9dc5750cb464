"""AWS CloudTrail: the event history, and trails that deliver log files and digest files to S3.

The events come from the audit (`fogbank/audit`), which receives every call.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-user-guide.html
"""
