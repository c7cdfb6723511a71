"""NCCL through a table of our own: ctypes over a library named by its path; calls that an older version lacks are reported as absent."""
import ctypes
import time

SUCCESS, IN_PROGRESS = 0, 7
UINT8 = 1
SHRINK_ABORT = 1
RESULTS = ("success", "cuda error", "system error", "internal error", "invalid argument", "invalid usage", "remote error", "in progress",
           "timeout")
UNSET = -2**31


class UniqueId(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_char * 128)]


class Config(ctypes.Structure):
    """ncclConfig_t as of 2.18: later versions take the shorter structure by its size and version."""
    _fields_ = [("size", ctypes.c_size_t), ("magic", ctypes.c_uint), ("version", ctypes.c_uint), ("blocking", ctypes.c_int),
                ("cluster", ctypes.c_int), ("min_ctas", ctypes.c_int), ("max_ctas", ctypes.c_int), ("net", ctypes.c_char_p),
                ("split_share", ctypes.c_int)]

    def __init__(self):
        super().__init__(ctypes.sizeof(Config), 0xCAFEBEEF, 21800, 0, UNSET, UNSET, 2, None, UNSET)


class Failed(RuntimeError):
    """A call or its asynchronous part failed, or the deadline passed (code None)."""

    def __init__(self, call, code):
        super().__init__(f"{call}: {'deadline' if code is None else RESULTS[code]}")
        self.code = code


class Nccl:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)

    def has(self, name):
        return hasattr(self.library, name)

    def version(self):
        version = ctypes.c_int()
        self.library.ncclGetVersion(ctypes.byref(version))
        return version.value

    def call(self, name, *arguments):
        """Started or done; anything else is raised."""
        code = getattr(self.library, name)(*arguments)
        if code not in (SUCCESS, IN_PROGRESS):
            raise Failed(name, code)
        return code

    def state(self, communicator):
        state = ctypes.c_int(-1)
        code = self.library.ncclCommGetAsyncError(communicator, ctypes.byref(state))
        return code or state.value

    def settle(self, name, communicator, deadline):
        """Polls until the communicator's pending call is done."""
        while (state := self.state(communicator)) == IN_PROGRESS:
            if time.monotonic() > deadline:
                raise Failed(name, None)
            time.sleep(1e-4)
        if state:
            raise Failed(name, state)

    def unique_id(self, communicator=None):
        made = UniqueId()
        if communicator:
            self.call("ncclCommGetUniqueId", communicator, ctypes.byref(made))
        else:
            self.call("ncclGetUniqueId", ctypes.byref(made))
        return bytes(memoryview(made)).hex()

    def begin_init(self, size, identity, rank):
        """A communicator that is being made: settle it."""
        communicator = ctypes.c_void_p()
        self.call("ncclCommInitRankConfig", ctypes.byref(communicator), size, UniqueId.from_buffer_copy(bytes.fromhex(identity)), rank,
                  ctypes.byref(Config()))
        return communicator

    def shrink(self, communicator, excluded, deadline):
        made = ctypes.c_void_p()
        self.call("ncclCommShrink", communicator, (ctypes.c_int * len(excluded))(*excluded), len(excluded), ctypes.byref(made), None,
                  SHRINK_ABORT)
        return self.child("ncclCommShrink", communicator, made, deadline)

    def grow(self, communicator, size, identity, rank, deadline):
        """communicator None and a rank for newcomers; an identity for them and the one that made it."""
        made = ctypes.c_void_p()
        identity = ctypes.byref(UniqueId.from_buffer_copy(bytes.fromhex(identity))) if identity else None
        config = None if communicator else ctypes.byref(Config())
        self.call("ncclCommGrow", communicator, size, identity, rank, ctypes.byref(made), config)
        return self.child("ncclCommGrow", communicator, made, deadline)

    def child(self, name, parent, made, deadline):
        """The parent carries the state until the child is there, then the child its own."""
        if parent:
            self.settle(name, parent, deadline)
        if not made:
            raise Failed(name + " (no communicator)", SUCCESS)
        self.settle(name, made, deadline)
        return made

    def count(self, communicator):
        count = ctypes.c_int()
        self.call("ncclCommCount", communicator, ctypes.byref(count))
        return count.value
