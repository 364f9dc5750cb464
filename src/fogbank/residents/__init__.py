"""What runs when nobody asks: a row says what, and the keeper starts it, starts it again when it fails, and ends it."""
