"""What all stand-ins of CI systems have in common: faults, durable lines, control interface, runners, webhooks, git.

Nothing here knows a vendor. A stand-in hands in how its errors and its webhooks look.
"""
