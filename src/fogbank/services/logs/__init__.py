"""Amazon CloudWatch Logs: groups, streams, events, filters.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""
