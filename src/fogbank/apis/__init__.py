"""What REST, HTTP and WebSocket APIs share: the folders `services/apigateway` and `services/apigatewayv2` build on it.

Integrations act as roles and reach functions, services and HTTP backends; authorizers return policies; stages write
access logs; mapping templates and OpenAPI documents are read within bounds; custom domain names lead to any API.
"""
