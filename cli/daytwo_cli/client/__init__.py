"""How the commands reach the API."""
