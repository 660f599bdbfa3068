"""The life of a run: what the database decides and what is done about it. Nothing in here knows Temporal."""
