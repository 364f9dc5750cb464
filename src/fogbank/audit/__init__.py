"""Records every call: for CloudTrail's events and for `fogbank why`."""
