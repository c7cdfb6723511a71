"""Takes back what a power cut would: reads the undo log of libpower_cut.so after its process was killed.

Of each file's unsynced sectors all, none, a random part, or those after a torn write return to their old bytes; unsynced
creations, removals and renames of names are undone, all of them, from some point on, or at random.
"""
import os
import pathlib
import struct

SECTOR = 512
FIRST = 4096
MAGIC = 0x7475437265776F50
WRITE, TRUNCATE, CREATE, REMOVE, RENAME = 1, 2, 3, 4, 5
HEADER = struct.Struct("<8Q")
ENTRY = struct.Struct("<9Q")


class Entry:
    def __init__(self, words, payload):
        (_, self.sequence, _, self.kind, self.inode, self.offset, self.length, self.old_size, _) = words
        self.payload = payload

    def old_bytes(self, start, end):
        """Of the file from start to end, before this write: zeros where it had none."""
        old = self.payload[max(0, start - self.offset):max(0, end - self.offset)]
        return old + bytes(end - start - len(old))

    def names(self):
        return [name.decode() for name in self.payload.split(b"\0")[:-1]]


def read_log(path):
    """The entries that were not struck out, in order."""
    entries = []
    if not pathlib.Path(path).exists():
        return entries
    with open(path, "rb") as log:
        magic, _, tail, *_ = HEADER.unpack(log.read(HEADER.size))
        if magic != MAGIC:
            return entries
        at = FIRST
        while at < tail:
            log.seek(at)
            words = ENTRY.unpack(log.read(ENTRY.size))
            if words[2]:
                entries.append(Entry(words, log.read(words[8])))
            at += words[0]
    return entries


def forget_log(path):
    with open(path, "r+b") as log:
        words = list(HEADER.unpack(log.read(HEADER.size)))
        words[2], words[4] = FIRST, 0
        log.seek(0)
        log.write(HEADER.pack(*words))


def sectors_of(entry):
    if entry.length == 0:
        return range(0)
    return range(entry.offset // SECTOR, (entry.offset + entry.length - 1) // SECTOR + 1)


def writes_to_undo(writes, how, rng):
    """For each sector, the writes that did not reach the disk: always the last ones."""
    by_sector = {}
    torn = rng.randrange(len(writes))
    for i, entry in enumerate(writes):
        sectors = sectors_of(entry)
        tear = rng.randrange(len(sectors) + 1)
        for place, sector in enumerate(sectors):
            lost = i > torn or (i == torn and place >= tear)
            by_sector.setdefault(sector, []).append((entry, lost))
    for sector, each in by_sector.items():
        if how == "drop":
            undone = len(each)
        elif how == "tear":
            undone = sum(lost for _, lost in each)
        else:
            undone = rng.randint(0, len(each))
        yield sector, [entry for entry, _ in each[len(each) - undone:]]


def cut_file(path, writes, rng):
    how = rng.choices(["drop", "keep", "some", "tear"], [4, 1, 4, 3])[0]
    if any(entry.kind == TRUNCATE and entry.length for entry in writes):
        how = rng.choice(["drop", "keep"])  # file systems cut in one step
    if how == "keep":
        return 0
    lost = 0
    with open(path, "r+b") as file:
        for sector, entries in writes_to_undo(writes, how, rng):
            lost += bool(entries)
            for entry in reversed(entries):
                start = max(sector * SECTOR, entry.offset)
                end = min((sector + 1) * SECTOR, entry.offset + entry.length)
                file.seek(start)
                file.write(entry.old_bytes(start, end))
        if how == "drop":
            file.truncate(writes[0].old_size)
    return lost


def names_to_undo(entries, rng):
    how = rng.choice(["all", "from", "some"])
    if how == "from":
        entries = entries[rng.randrange(len(entries) + 1):]
    undone, kept = [], set()
    for entry in reversed(entries):
        names = set(entry.names())
        # What somebody later built upon, and reached the disk, reached it too.
        if how == "some" and (names & kept or rng.random() < 0.5):
            kept |= names
        else:
            undone.append(entry)
    return undone


def undo_name(entry):
    names = entry.names()
    if entry.kind == CREATE:
        pathlib.Path(names[0]).unlink(missing_ok=True)
    elif entry.kind == REMOVE and not os.path.exists(names[0]):
        os.rename(names[1], names[0])
    elif entry.kind == RENAME and not os.path.exists(names[0]) and os.path.exists(names[1]):
        os.rename(names[1], names[0])
        if len(names) > 2 and names[2]:
            os.rename(names[2], names[1])


def cut(directory, log, graveyard, rng):
    """The power goes. Returns how many sectors and names were lost."""
    entries = read_log(log)
    paths = {}
    for folder in (graveyard, directory):
        for parent, _, files in os.walk(folder):
            for name in files:
                path = os.path.join(parent, name)
                paths[os.stat(path).st_ino] = path
    writes = {}
    for entry in entries:
        if entry.kind in (WRITE, TRUNCATE) and entry.inode in paths:
            writes.setdefault(entry.inode, []).append(entry)
    sectors = sum(cut_file(paths[inode], each, rng) for inode, each in sorted(writes.items()))
    undone = names_to_undo([entry for entry in entries if entry.kind >= CREATE], rng)
    for entry in undone:
        undo_name(entry)
    for grave in pathlib.Path(graveyard).iterdir():
        grave.unlink()
    if entries:
        forget_log(log)
    return {"sectors": sectors, "names": len(undone)}
