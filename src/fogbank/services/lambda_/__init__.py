"""AWS Lambda: functions that run as supervised processes on the real Runtime API.

https://docs.aws.amazon.com/lambda/latest/api/welcome.html
"""
