"""Kinds of step: one file each, and the table of them (`kinds.py`)."""
