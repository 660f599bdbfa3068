"""Acme's invoices."""

__version__ = "1.0.0"
