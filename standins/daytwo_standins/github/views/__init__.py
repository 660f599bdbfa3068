"""Records become GitHub's JSON; the fields are those that the published description requires."""
