"""What backends that speak HTTP share and that sends or waits; what is pure about it is in `backends/wire/`.

settings  address, credential, time limits and sizes of a connection, checked
permit    the permission to put bytes on the line: until a deadline, until it is taken back, once
certificates  by whose a server is believed
line      connections that ask for the permit before the first byte and read no longer than it lasts
sender    one prepared request over such a connection, whatever comes of it
workers   threads for a library that blocks: reading and sending apart, giving up that is certain
reading   reads: observed, parsed, kept by ETag
recent    a bounded mapping
links     what is too large to hold, in pieces; what an answer links to, without our credential
"""
