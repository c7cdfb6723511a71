"""57: forks so that no single process uses much CPU; argv: whether anybody waits for them."""
import os
import signal
import sys
import time

if sys.argv[1] == "unwaited":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
slice_seconds = float(sys.argv[2])
while True:
    pid = os.fork()
    if pid == 0:
        end = time.process_time() + slice_seconds
        while time.process_time() < end:
            pass
        os._exit(0)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass
