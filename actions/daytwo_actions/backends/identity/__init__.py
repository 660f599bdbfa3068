"""Who calls us from a CI system, by the tokens that the CI system makes for its jobs (A4).

issuers  which issuer a connection trusts, and how its claims read, per kind
keys     the issuer's signing keys: fetched by discovery within the connection's limits, and kept
"""
