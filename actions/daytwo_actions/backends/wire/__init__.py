"""HTTP as data, the same for every CI system. Nothing here does I/O.

answer   an answer or its absence, and what its headers tell
outcome  what is certain and what is in doubt; the errors of reads
"""
