"""GitLab's protocol as data: what is sent, what answers mean. Nothing here does I/O; tested with GitLab's own samples.

answer     what GitLab's answers tell beyond HTTP
dispatch   the frozen bytes of a pipeline's creation
inputs     what a pipeline's file declares, as a form would see it; `scripts` finds inputs in shell scripts
jobs       jobs, child pipelines, gates and artifacts
names      projects, refs, ids and the paths made of them
outcome    what became of a creation: accepted, refused or in doubt
pipelines  pipelines, and which one is ours
refs       projects, commits, files and names in listings
status     GitLab's words for states, in ours
trace      a job's log without what is meant for GitLab's own page
webhook    tokens, signatures, and what a delivery hints at
"""
