#!/usr/bin/env python3
"""Makes instances in SWE-bench's shape: `make_swe_instances.py data/swe` (minutes on two cores).

Each is a small project from PyPI, with its tests, into which one bug was put by a seeded mutation of its syntax tree:
no test passes that the bug breaks, the patch that undoes it makes all of them pass. Mutants that no test notices,
that hang or that break tests by turns are dropped. Sources and wheels are pinned by version and digest.

    OUT/instances.jsonl                          one row each, with SWE-bench's field names
    OUT/environments/<name>/environment.toml     what a grader has to know
    OUT/environments/<name>/repository.git       refs/instances/<instance_id>, commits without parents; main has no bug
    OUT/environments/<name>/site/                pytest and what else the tests import

The same seed, count and projects give the same rows. --check grades each finished instance four times.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from swe_instances import Failure, checking, making, sources
from swe_instances.projects import PROJECTS


def arguments_made(arguments):
    """What the result is a function of, kept beside it."""
    pins = {file: hashlib.sha256((sources.HERE / file).read_bytes()).hexdigest() for file in ("sources.txt", "site.txt")}
    return {"count": arguments.count, "seed": arguments.seed, "projects": arguments.projects, **pins}


def make_project(name, count, arguments, archive, site, work, made):
    project = PROJECTS[name]
    folder = made / "environments" / project.environment
    folder.mkdir(parents=True)
    shutil.copytree(site, folder / "site")
    own = work / name
    own.mkdir()
    source = sources.unpack(archive, own / "source")
    workshop = making.Workshop(project, source, folder / "site", arguments.python, own, arguments.jobs)
    chosen = making.choose(workshop, count, arguments.seed, arguments.jobs)
    return making.make_environment(project, source, chosen, folder)


def in_turn(lists):
    """One of each, again and again."""
    longest = max(map(len, lists))
    return [rows[index] for index in range(longest) for rows in lists if index < len(rows)]


def make(arguments):
    out, marks = arguments.out, arguments_made(arguments)
    mark = out / "made.json"
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == marks:
        print(f"{out}: already there")
        return
    if out.exists():
        raise Failure(f"{out}: exists but was not made by these arguments: remove it and try again")
    archives, wheels = (sources.download(file, arguments.cache) for file in ("sources.txt", "site.txt"))
    out.parent.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        made, lists = work / "made", []
        sources.make_site(wheels.values(), work / "site", arguments.python)
        for index, name in enumerate(arguments.projects):
            count = arguments.count // len(arguments.projects) + (index < arguments.count % len(arguments.projects))
            lists.append(make_project(name, count, arguments, archives[name], work / "site", work, made))
        rows = in_turn(lists)
        with open(made / "instances.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (made / "made.json").write_text(json.dumps(marks) + "\n", encoding="utf-8")
        os.rename(made, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{out}: {len(rows)} instances of {', '.join(arguments.projects)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="the folder to make, such as data/swe")
    parser.add_argument("--count", type=int, default=120, help="instances of all projects together (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="test runs at a time (default: %(default)s)")
    parser.add_argument("--projects", default="toolz,tabulate", help="default: %(default)s")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the tests (default: this one)")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path("data/.swe-cache"),
                        help="folder that keeps what was downloaded (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="grade the gold and the empty patch of each instance, twice")
    arguments = parser.parse_args()
    arguments.projects = arguments.projects.split(",")
    if unknown := set(arguments.projects) - PROJECTS.keys():
        parser.error(f"unknown project {', '.join(sorted(unknown))}: there are {', '.join(sorted(PROJECTS))}")
    if arguments.count < len(arguments.projects) or arguments.jobs < 1:
        parser.error("--count has to be at least one of each project, --jobs at least 1")
    try:
        make(arguments)
        if arguments.check and checking.check(arguments.out, arguments.python, arguments.jobs, making.say):
            sys.exit(1)
    except (Failure, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"make_swe_instances: {error}")


if __name__ == "__main__":
    main()
