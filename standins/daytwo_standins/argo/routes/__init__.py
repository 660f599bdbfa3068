"""Argo Server's operations, by what they are about. Each is listed in its module's ``OPERATIONS``."""
