"""AWS CloudFormation: stacks, change sets, and the provisioner that creates a template's resources.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
"""
