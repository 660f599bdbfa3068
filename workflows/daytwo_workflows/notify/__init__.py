"""Telling people: from a notification to messages, by channels that the operators have set up."""
