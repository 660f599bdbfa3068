"""GitHub's protocol as data: what is sent, what answers mean. Nothing here does I/O.

answer         an HTTP answer or its absence, and what its headers tell
dispatch       the frozen bytes of a dispatch
outcome        what became of a send: accepted, refused or in doubt
inputs         a workflow's own inputs, and what is worth saying about it
names          repositories, workflow files, refs and the paths made of them
runs           runs and jobs, and which run is ours
refs           branches, tags and the commit that a ref points at
scripts        where a workflow puts an input into a program
status         GitHub's words for states, in ours
webhook        signatures, and what a delivery hints at
workflow_file  whether a workflow carries our marker
"""
