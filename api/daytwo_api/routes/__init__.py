"""One module per resource; a route is a declaration: if it needs an `if`, that belongs lower."""
