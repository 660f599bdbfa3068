"""What takes several requests: filling in a form, submitting, following, deciding."""
