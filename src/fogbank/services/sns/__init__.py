"""Amazon Simple Notification Service: topics, subscriptions, fan-out.

https://docs.aws.amazon.com/sns/latest/api/welcome.html
"""
