#!/usr/bin/env python3
"""Fails on every arrow between folders that the order of the design does not allow.

Reads the includes of every source file and the link lines of every target in build.ninja:
  - a folder uses only what ALLOWED grants it, directly and through what it links; so there is no circle and no arrow upwards;
  - no process includes a header of another;
  - nothing of libtorch stands in the files or behind the link lines of TORCH_FREE folders.

  layering.py SOURCE BUILD          check a tree          (exit 0 or 1)
  layering.py --self-test           check the checker: each rule must catch its violation
"""
import pathlib
import re
import sys
import tempfile

LIBS_WITHOUT_TORCH = [
    "libs/base", "libs/telemetry", "libs/config", "libs/messaging", "libs/math", "libs/scoring", "libs/protocol", "libs/run",
    "libs/process", "libs/tokenizer", "libs/checkpoint", "libs/weights",
]
ALL_LIBS = LIBS_WITHOUT_TORCH + ["libs/model", "libs/rl"]
PROCESSES = ["broker", "actors", "reward_workers", "learner", "cli"]

# What each folder may use, beside itself and `schemas`' generated headers where named.
ALLOWED = {
    "schemas": [],
    "libs/base": [],
    "libs/telemetry": ["libs/base"],
    "libs/config": ["libs/base"],
    "libs/messaging": ["libs/base", "libs/telemetry", "schemas"],
    "libs/math": ["libs/base"],
    "libs/scoring": ["libs/base"],
    "libs/protocol": ["libs/base", "schemas", "libs/scoring"],
    "libs/run": ["libs/base"],
    "libs/process": ["libs/base", "libs/telemetry", "libs/config", "libs/run"],
    "libs/tokenizer": ["libs/base"],
    "libs/checkpoint": ["libs/base"],
    "libs/model": ["libs/base", "libs/checkpoint"],
    "libs/rl": ["libs/base"],
    "libs/weights": ["libs/base", "libs/telemetry", "libs/messaging", "schemas", "libs/checkpoint"],
    "broker/machine": ["libs/base", "libs/messaging"],
    "broker/journal": ["libs/base", "libs/messaging"],
    "broker": ["broker/machine", "broker/journal", "libs/base", "libs/telemetry", "libs/config", "libs/messaging", "libs/run", "libs/process",
               "schemas"],
    "actors": [lib for lib in ALL_LIBS if lib != "libs/rl"] + ["schemas"],
    "reward_workers": LIBS_WITHOUT_TORCH + ["schemas"],
    "learner": ALL_LIBS + ["schemas"],
    "cli": LIBS_WITHOUT_TORCH + ["schemas"],
}
TORCH_FREE = [folder for folder in ALLOWED if folder not in ("libs/model", "libs/rl", "actors", "learner")]
TORCH_HEADER = re.compile(r"^(torch|ATen|c10)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def folder_of(path):
    """The folder of the design that a path relative to the root lies in, or None."""
    parts = pathlib.PurePosixPath(path).parts
    for depth in (2, 1):
        name = "/".join(parts[:depth])
        if len(parts) > depth and name in ALLOWED:
            return name
    return None


def check_includes(source):
    problems = []
    for folder in ALLOWED:
        for path in sorted((source / folder).rglob("*")):
            if path.suffix not in (".h", ".cc", ".c"):
                continue
            here = path.relative_to(source).as_posix()
            for header in INCLUDE.findall(path.read_text(errors="replace")):
                used = folder_of(header)
                if used and used != folder and used not in ALLOWED[folder]:
                    problems.append(f"{here}: includes {header}: {folder} may not use {used}")
                if TORCH_HEADER.match(header) and folder in TORCH_FREE:
                    problems.append(f"{here}: includes {header}: {folder} must not know libtorch")
    return problems


def read_links(build):
    """Target file → (folder, files that it links), from build.ninja."""
    links = {}
    text = (build / "build.ninja").read_text().replace("$\n", "")
    for block in re.split(r"\n(?=build )", text):
        head = block.split("\n", 1)[0]
        match = re.match(r"build (\S+?)(?: \S+)*?: C?\S*_(EXECUTABLE|STATIC_LIBRARY|SHARED_LIBRARY)_LINKER", head)
        if not match:
            continue
        objects = re.findall(r"(\S+)/CMakeFiles/\S+\.dir/", head)
        folder = folder_of(objects[0] + "/x") if objects else None
        if folder is None:
            continue
        line = re.search(r"^\s*LINK_LIBRARIES = (.*)$", block, re.MULTILINE)
        links[match.group(1)] = (folder, line.group(1).split() if line else [])
    return links


def check_links(links):
    problems = []
    folder_of_file = {pathlib.PurePosixPath(file).name: folder for file, (folder, _) in links.items()}
    for file, (folder, libraries) in sorted(links.items()):
        for library in libraries:
            name = pathlib.PurePosixPath(library).name
            used = folder_of_file.get(name)
            if used and used != folder and used not in ALLOWED[folder]:
                problems.append(f"{file}: links {name}: {folder} may not use {used}")
            if re.match(r"lib(torch|c10)", name) and folder in TORCH_FREE:
                problems.append(f"{file}: links {name}: {folder} must not link libtorch")
    return problems


def check_order():
    """ALLOWED itself has no circle."""
    problems = []
    done, path = set(), []

    def visit(folder):
        if folder in path:
            problems.append("a circle: " + " -> ".join(path[path.index(folder):] + [folder]))
            return
        if folder in done:
            return
        path.append(folder)
        for used in ALLOWED[folder]:
            visit(used)
        path.pop()
        done.add(folder)

    for folder in ALLOWED:
        visit(folder)
        problems += [f"{folder} may use the process {used}" for used in ALLOWED[folder] if used in PROCESSES]
    return problems


def self_test():
    """Each kind of violation, made on purpose, is found."""
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        bad = {
            "libs/base/up.h": '#include "libs/run/x.h"\n',
            "broker/peer.cc": '#include "learner/ledger.h"\n',
            "reward_workers/torch.cc": "#include <ATen/ATen.h>\n",
        }
        for name, text in bad.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = check_includes(root)
        (root / "build.ninja").write_text(
            "build bin/cohort-broker: CXX_EXECUTABLE_LINKER__x_ broker/CMakeFiles/x.dir/main.cc.o | lib/l.a\n"
            "  LINK_LIBRARIES = lib/libcohort_rl.a /some/libtorch_cpu.so\n"
            "\nbuild lib/libcohort_rl.a: CXX_STATIC_LIBRARY_LINKER__y_ libs/rl/CMakeFiles/y.dir/a.cc.o\n  X = 1\n")
        found += check_links(read_links(root))
    expected = ["may not use libs/run", "may not use learner", "must not know libtorch", "may not use libs/rl",
                "must not link libtorch"]
    missed = [rule for rule in expected if not any(rule in problem for problem in found)]
    return [f"the checker misses: {rule} (found {found})" for rule in missed]


def main():
    if sys.argv[1:] == ["--self-test"]:
        problems = self_test() + check_order()
    else:
        source, build = map(pathlib.Path, sys.argv[1:3])
        links = read_links(build)
        problems = check_order() + check_includes(source) + check_links(links)
        for process in ("cohort-broker", "cohort-actor", "cohort-reward-worker", "cohort-scorer", "cohort-learner", "cohort"):
            if not any(pathlib.PurePosixPath(file).name == process for file in links):
                problems.append(f"build.ninja links no {process}: nothing to check")
    for problem in problems:
        print(problem)
    print(f"layering: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
