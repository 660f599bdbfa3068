"""A pipeline as an action: the file that a person would have written for it, to go on from."""
