"""Argo Workflows in bytes and back: pure, tested with its own samples."""
