"""How each kind of step goes on: one file each, decided from rows in the transaction that holds the run."""
