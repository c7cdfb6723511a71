"""Pinned sources and wheels: downloaded once by pip into a cache, looked at by their digests."""
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

from . import Failure

HERE = pathlib.Path(__file__).resolve().parent


def pins(file):
    """name: (version, SHA-256) of a requirements file of ours."""
    pattern = re.compile(r"^([\w.-]+)==([\w.]+) --hash=sha256:([0-9a-f]{64})$", re.MULTILINE)
    return {name: (version, digest) for name, version, digest in pattern.findall((HERE / file).read_text(encoding="utf-8"))}


def in_cache(cache, digest):
    for path in sorted(cache.glob("*")):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            return path
    return None


def download(file, cache):
    """name: path of everything that a requirements file names."""
    wanted = pins(file)
    cache.mkdir(parents=True, exist_ok=True)
    if not all(in_cache(cache, digest) for _, digest in wanted.values()):
        print(f"downloading what {file} names into {cache}", file=sys.stderr, flush=True)
        # pip asks a source for its metadata with the build tools that the source names, which are not pinned; nothing is kept of them.
        kind = ["--no-binary", ",".join(wanted)] if file == "sources.txt" else ["--only-binary", ":all:"]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", *kind,
                   "--dest", str(cache), "--requirement", str(HERE / file)]
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
            raise Failure(f"pip could not download what {file} names: check the network, or put the files into {cache}")
    return {name: in_cache(cache, digest) for name, (_, digest) in wanted.items()}


def unpack(archive, folder):
    """The source's one folder, without what the packager added."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (root,) = pathlib.Path(folder).iterdir()
    for added in [*root.glob("*.egg-info"), root / "PKG-INFO"]:
        shutil.rmtree(added) if added.is_dir() else added.unlink(missing_ok=True)
    return root


def make_site(wheels, site, python):
    """Importable packages only: no scripts, no metadata by which a program could name an entry point."""
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--no-deps",
                    "--no-index", "--no-compile", "--target", str(site), *map(str, wheels)], check=True)
    for path in [*site.glob("*.dist-info"), site / "bin"]:
        shutil.rmtree(path, ignore_errors=True)
    # Nobody writes here again, and a grader's box starts pytest without a cache of its own.
    subprocess.run([python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(site), str(site)], check=True)
