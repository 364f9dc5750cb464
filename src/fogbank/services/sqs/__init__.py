"""Amazon Simple Queue Service: standard and FIFO queues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html
"""
