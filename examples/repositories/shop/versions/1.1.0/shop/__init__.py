"""Acme's shop."""

__version__ = "1.1.0"
