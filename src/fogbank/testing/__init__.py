"""Fogbank for tests."""
