"""Acme's shop."""

__version__ = "1.3.0"
