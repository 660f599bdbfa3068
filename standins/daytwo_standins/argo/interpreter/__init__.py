"""What a workflow means, without any I/O: from templates and what has ended to what is to be started next.

Standard library only, since the detached runner is made of it. ``machine.Machine`` is the way in.
"""
