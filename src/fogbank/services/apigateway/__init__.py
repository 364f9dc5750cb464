"""Amazon API Gateway, REST APIs: the control plane, and the stages that answer requests.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""
