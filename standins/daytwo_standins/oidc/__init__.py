"""A stand-in for a company's OpenID provider: a page on which to choose who one is, and tokens that say so."""
