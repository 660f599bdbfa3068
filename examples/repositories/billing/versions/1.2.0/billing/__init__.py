"""Acme's invoices."""

__version__ = "1.2.0"
