"""What goes over the wire, one module per resource; openapi.json and the TypeScript client are made from it."""
