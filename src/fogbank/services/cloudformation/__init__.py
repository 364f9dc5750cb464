"""AWS CloudFormation: stacks, change sets, and the provisioner that makes a template's resources real.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
"""
