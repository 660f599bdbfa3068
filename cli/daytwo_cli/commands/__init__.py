"""The commands, grouped by what they are about. What is slow to import is imported when a command runs."""
