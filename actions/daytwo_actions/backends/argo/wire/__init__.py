"""Argo Server's protocol as data: what is sent, what answers mean. Nothing here does I/O.

names      namespaces, templates, workflows, nodes and the paths made of them
values     parameters as text that arrives as it was typed
creation   the frozen bytes of a workflow, and whether a workflow was made of them
outcome    what became of a creation: accepted, refused or in doubt
objects    workflows, nodes and their parts as Argo shows them
runs       the state of a workflow
status     Argo's phases and types of nodes, in our words
nodes      the nodes as our tree of jobs, groups and gates
pods       the name of a node's pod
results    output parameters and artifacts
templates  what a workflow is made of, and its digest
inputs     the parameters of a template as inputs of a form, what is worth a warning, the claim fence
scripts    values that are put into programs
stream     lines of logs, events of workflows, errors among them
"""
