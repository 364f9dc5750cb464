"""Fogbank: a whole AWS cloud on one local endpoint."""
