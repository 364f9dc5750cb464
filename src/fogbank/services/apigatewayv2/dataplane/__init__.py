"""The data plane: answers requests to stages of HTTP APIs, and the handshakes of WebSocket APIs."""
