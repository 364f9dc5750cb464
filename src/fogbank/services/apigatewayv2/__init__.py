"""Amazon API Gateway, HTTP and WebSocket APIs: the control plane, the stages that answer requests, and @connections.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/api-reference.html
"""
