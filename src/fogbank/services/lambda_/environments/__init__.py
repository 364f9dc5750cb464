"""Execution environments: supervised processes that use the Runtime API, frozen while they are idle."""
