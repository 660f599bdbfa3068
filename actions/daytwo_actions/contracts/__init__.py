"""What an action asks of its pipelines, against what those take. Nothing here is needed to run an action."""
