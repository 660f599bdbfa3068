"""The plan: everything that a run will do, rendered once, canonical, digested."""
