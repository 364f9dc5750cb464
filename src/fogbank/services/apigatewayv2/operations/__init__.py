"""The operations of the control plane and of @connections."""
