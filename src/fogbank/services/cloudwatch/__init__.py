"""Amazon CloudWatch: metrics, math over them, alarms and dashboards.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html
"""
