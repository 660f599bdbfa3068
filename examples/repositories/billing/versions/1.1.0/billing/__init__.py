"""Acme's invoices."""

__version__ = "1.1.0"
