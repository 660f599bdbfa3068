"""HTTP services that steps may call: what a call is, and the one place that makes it."""
