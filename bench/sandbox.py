"""What a sandbox costs: /bin/true in boxes, bare and under bwrap, in turn; and what 10,000 boxes leave behind.

1,000 runs of each, interleaved: a box takes at most 2 ms of CPU more than the bare program, and the median of the paired differences of
wall time is at most 3 ms; the 99th percentile, which measures the neighbours, is printed, as is what a box with a tree takes that its
program may change. Then 10,000 boxes: at most 5 s later mounts,
namespaces, cgroups, System V IPC, keys, processes, descriptors and files are as before the first, and after the end as before the start.

  bench/run sandbox [--as-user UID] [--no-cgroups]
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from servers import BIN

CPU, WALL, PATIENCE = 2.0, 3.0, 5.0
RUNS, MANY = 1000, 10_000
BOX_USERS = range(1_879_048_192, 2_147_483_647)  # reward_workers/sandbox/launcher.cc
SLABS = ("net_namespace", "pid_namespace", "mnt_cache")  # what the kernel holds of namespaces and mounts


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def family(pid):
    """A process, its children, theirs."""
    pids, queue = [], [pid]
    while queue:
        process = queue.pop()
        pids.append(process)
        for task in pathlib.Path(f"/proc/{process}/task").glob("*/children"):
            queue += [int(child) for child in read(task).split()]
    return pids


def namespaces():
    """Those of all processes that we may see, by kind."""
    found = collections.defaultdict(set)
    for link in pathlib.Path("/proc").glob("[0-9]*/ns/*"):
        try:
            found[link.name].add(os.readlink(link))
        except OSError:
            pass
    return {kind: len(names) for kind, names in found.items()}


def groups():
    return sorted(str(path) for path in pathlib.Path("/sys/fs/cgroup").glob("**/cohort-sandbox-*") if path.is_dir())


def files(users):
    """Those of a box' users where everybody may leave some; what others leave there meanwhile is theirs."""
    found = []
    for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run"):
        for entry in os.scandir(folder):
            try:
                if entry.stat(follow_symlinks=False).st_uid in users or "cohort-sandbox" in entry.name:
                    found.append(entry.path)
            except OSError:
                pass
    return sorted(found)


def state(pids, users):
    """What runs could change, where it belongs to nobody else or is counted per kind."""
    return {
        "mounts": len(read("/proc/self/mountinfo").splitlines()),
        "namespaces": namespaces(),
        "cgroups": [len(list(pathlib.Path(group).glob("box-*"))) for group in groups()],
        "System V IPC": [read(f"/proc/sysvipc/{kind}") for kind in ("shm", "msg", "sem")],
        "keys": read("/proc/key-users"),
        "processes": len([pid for start in pids for pid in family(start)]),
        "descriptors": {pid: len(list(pathlib.Path(f"/proc/{pid}/fd").glob("*"))) for pid in pids},
        "files": files(users),
    }


def slabs():
    lines = [line.split() for line in read("/proc/slabinfo").splitlines()]
    return {line[0]: int(line[1]) for line in lines if line and line[0] in SLABS}


def differences(before, after):
    found = [f"{name}: {before[name]} before, {after[name]} after" for name in before if name != "namespaces" and before[name] != after[name]]
    # Of namespaces others may have let go.
    return found + [f"{kind} namespaces: {before['namespaces'].get(kind, 0)} before, {count} after"
                    for kind, count in after["namespaces"].items() if count > before["namespaces"].get(kind, 0)]


def settle(before, look):
    """Until nothing differs, for PATIENCE at most."""
    start = time.monotonic()
    while True:
        found = differences(before, look())
        waited = time.monotonic() - start
        if not found or waited > PATIENCE:
            return found, waited
        time.sleep(0.05)


def compare(words, bwrap):
    done = subprocess.run([BIN / "bench-sandbox", "compare", str(RUNS), bwrap or "none", *words], stdout=subprocess.PIPE, check=True)
    report = json.loads(done.stdout)
    print(f"mode: {report['mode']}; {RUNS} runs of each, interleaved; load {os.getloadavg()[0]:.1f}")
    print(f"{'':6} {'CPU ms':>8} {'wall p50':>9} {'p99':>8} {'paired p50':>11}")
    for name in ("bare", "box", "bwrap", "tree"):
        if name in report:
            way = report[name]
            print(f"{name:6} {way['cpu_ms']:8.2f} {way['wall_p50_ms']:9.2f} {way['wall_p99_ms']:8.2f} {way['paired_p50_ms']:11.2f}", flush=True)
    return report["box"]["cpu_ms"] - report["bare"]["cpu_ms"], report["box"]["paired_p50_ms"]


def many(words):
    users = BOX_USERS if words[0] == "0" else [int(words[0])]
    outside = state([], users)
    process = subprocess.Popen([BIN / "bench-sandbox", "many", str(MANY), "none", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        pids = [process.pid, int(process.stdout.readline().split()[1])]
        time.sleep(2)  # the launcher has tried itself out: it lets go of what it has in stock
        before, held = state(pids, users), slabs()
        process.stdin.write("\n")
        process.stdin.flush()
        start = time.monotonic()
        if not process.stdout.readline().startswith("done"):
            sys.exit("a run failed")
        seconds = time.monotonic() - start
        left, waited = settle(before, lambda: state(pids, users))
        print(f"{MANY} boxes in {seconds:.1f} s; {waited:.2f} s later {'all is as before' if not left else left}; kernel's objects "
              f"before {held}, after {slabs()}", flush=True)
        process.stdin.write("\n")
        process.stdin.flush()
        process.wait(30)
        end, waited = settle(outside, lambda: state([], users))
        print(f"{waited:.2f} s after the end {'all is as before the start' if not end else end}", flush=True)
        return left + end
    finally:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--as-user", default="0")
    parser.add_argument("--no-cgroups", action="store_true")
    options = parser.parse_args()
    words = [options.as_user, "none" if options.no_cgroups else "cgroups"]
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        print("bwrap is not installed (Debian: bubblewrap): left out")
    cpu, wall = compare(words, bwrap)
    left = many(words)
    print(f"sandbox left_behind={len(left)} bound<=0")
    print(f"sandbox wall_ms={wall:.2f} bound<={WALL:g}")
    print(f"sandbox cpu_ms={cpu:.2f} bound<={CPU:g}")
    return 0 if cpu <= CPU and wall <= WALL and not left else 1


if __name__ == "__main__":
    sys.exit(main())
