"""19: a core dump, with the limit lowered to where a handler of the machine's would get it."""
import os
import resource
import signal

pid = os.fork()
if pid == 0:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), signal.SIGABRT)
_, status = os.waitpid(pid, 0)
from attack import done, say_open
if os.WCOREDUMP(status):
    say_open("a core was dumped")
if resource.getrlimit(resource.RLIMIT_CORE)[0] != 1:
    say_open("the limit of cores")
for folder in ("/work", "/tmp"):
    if any(name.startswith("core") for name in os.listdir(folder)):
        say_open("a core")
done()
