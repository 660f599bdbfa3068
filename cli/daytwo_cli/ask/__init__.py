"""Asking somebody at a terminal."""
