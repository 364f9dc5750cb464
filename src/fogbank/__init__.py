"""Fogbank: a whole AWS cloud on one local endpoint."""

__version__ = "0.1.0"
