"""Execution environments: supervised children that speak the Runtime API, kept warm and frozen between invocations."""
