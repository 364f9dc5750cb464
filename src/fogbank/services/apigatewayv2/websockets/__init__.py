"""WebSocket APIs: handshakes, the messages of connections, and @connections."""
