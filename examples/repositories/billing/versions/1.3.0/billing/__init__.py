"""Acme's invoices."""

__version__ = "1.3.0"
