"""The data plane: answers requests to deployed stages."""
