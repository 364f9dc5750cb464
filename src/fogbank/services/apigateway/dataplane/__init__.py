"""What answers requests to deployed stages."""
