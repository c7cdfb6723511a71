"""6, 7, 8, 12, 15, 56: looks for what another run left behind, or does now."""
import os

from attack import done, libc, say_open, syscall

for folder in ("/tmp", "/dev/shm"):
    for name in os.listdir(folder):
        say_open(f"{folder}/{name}")
for name in os.listdir("/work"):
    if "left" in name:
        say_open(f"/work/{name}")
for call in ("shmget", "msgget", "semget"):
    if syscall(call, 0x434F48, 0, 0) >= 0:
        say_open(call)
if libc.mq_open(b"/cohort-left-behind", os.O_RDWR) >= 0:
    say_open("a message queue")
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) != os.getpid():
        say_open(f"process {name}")
for table in ("shm", "msg", "sem"):
    with open(f"/proc/sysvipc/{table}") as file:
        if len(file.readlines()) > 1:
            say_open(f"/proc/sysvipc/{table}")
done()
