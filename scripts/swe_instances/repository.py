"""Bare git repositories whose objects are the same wherever and whenever they are made."""
import os
import pathlib
import subprocess
import tempfile

from . import Failure

AUTHOR = b"Instances <instances@example.invalid>"
SECONDS = 1_700_000_000  # of every commit: one more thing that tells nothing


def git(repository, *arguments, index=None, **options):
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent", "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
                   "GIT_CONFIG_GLOBAL": os.devnull}
    if index is not None:
        environment["GIT_INDEX_FILE"] = index
    where = [f"--git-dir={repository}"] if repository is not None else []
    done = subprocess.run(["git", *where, *arguments], env=environment, capture_output=True, **options)
    if done.returncode != 0:
        raise Failure(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def read_tree(folder):
    """path: (mode, bytes) of every file below a folder."""
    files = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_symlink():
            raise Failure(f"{path}: a symbolic link in a source")
        if path.is_file():
            mode = b"100755" if path.stat().st_mode & 0o100 else b"100644"
            files[path.relative_to(folder).as_posix()] = (mode, path.read_bytes())
    return files


def commit_stream(ref, message, files):
    """A commit without parents: who has one instance has nothing to compare it with."""
    yield b"commit %s\ncommitter %s %d +0000\ndata %d\n%s\n" % (ref.encode(), AUTHOR, SECONDS, len(message), message)
    for path, (mode, data) in sorted(files.items()):
        yield b"M %s inline %s\ndata %d\n%s\n" % (mode, path.encode(), len(data), data)
    yield b"\n"


def make_repository(repository, commits):
    """commits: (ref, message, files as of read_tree). Returns the commit of each ref."""
    git(None, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(repository))
    stream = b"".join(piece for ref, message, files in commits for piece in commit_stream(ref, message.encode(), files))
    git(repository, "fast-import", "--quiet", "--date-format=raw", input=stream)
    git(repository, "pack-refs", "--all")
    lines = git(repository, "for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()
    return dict(line.split() for line in lines)


def difference(repository, old, new):
    """A patch in git's format that leads from one commit to another."""
    return git(repository, "diff", "--no-color", "--no-ext-diff", "--no-renames", "--full-index", old, new).decode()


def check_out(repository, commit, folder):
    """The files of a commit in a new folder that is no work tree."""
    pathlib.Path(folder).mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="swe-index-") as index:
        git(repository, f"--work-tree={folder}", "checkout", "--quiet", commit, "--", ".", index=f"{index}/index")


def apply_patch(folder, patch):
    git(None, "-C", str(folder), "apply", "--whitespace=nowarn", "-", input=patch.encode())
