"""What engines of templates would read (S15): 520 strings of thirteen languages, some of which give themselves away."""

ENGINES = (
    "{{%s}}",
    "${{ %s }}",
    "{%% %s %%}",
    "${%s}",
    "#{%s}",
    "<%%= %s %%>",
    "*{%s}",
    "@(%s)",
    "{%s}",
    "%%(%s)s",
    "[[%s]]",
    "`%s`",
    "$(%s)",
)
PAYLOADS = (
    "7*7", "7*'7'", "config", "self", "user.token", "secrets.x", "inputs", "''.__class__.__mro__[1].__subclasses__()",
    "request.application.__globals__", "cycler.__init__.__globals__.os.popen('id').read()", "lipsum.__globals__['os']",
    "T(java.lang.Runtime).getRuntime().exec('id')", "constructor.constructor('return process')()", "import os",
    "__import__('os').system('id')", "this.constructor", "range(10**9)", "'a'*10**9", "include '/etc/passwd'",
    "for x in range(9)", "set x = 1", "macro f()", "#with \"s\" as |x|", "lookup this 'a'", "0.__class__", "!r",
    ":>99999999",
    "debug()", "env", "dump(app)", "_self.env", "php phpinfo()", "system('id')", "1/0", "x|attr('__class__')", "joiner",
    "namespace()", "raw", "undefined.x", "a.b.c.d",
)  # fmt: skip
CORPUS = [engine % payload for engine in ENGINES for payload in PAYLOADS]

RESULT = "9801547"  # nothing says it unless something has worked it out
WORKED_OUT = [engine % "1337*7331" for engine in ENGINES]
