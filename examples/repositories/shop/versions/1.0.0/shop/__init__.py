"""Acme's shop."""

__version__ = "1.0.0"
