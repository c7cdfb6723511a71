"""The few calls of CUDA's runtime that the pilots need without torch, through ctypes. COHORT_CUDART names the library, else it is searched."""
import ctypes
import glob
import os
import sys

SUCCESS, NOT_READY = 0, 600
NON_BLOCKING = 1
TO_DEVICE, TO_HOST, ON_DEVICE = 1, 2, 3


class Handle(ctypes.Structure):
    """cudaIpcMemHandle_t, passed by value."""
    _fields_ = [("bytes", ctypes.c_char * 64)]


def find_cudart():
    named = os.environ.get("COHORT_CUDART")
    if named:
        return named
    patterns = [f"{folder}/nvidia/{part}/lib/libcudart.so.1?" for folder in sys.path for part in ("cu13", "cuda_runtime")]
    patterns += ["/usr/local/cuda/lib64/libcudart.so.1?", "/usr/local/cuda*/targets/x86_64-linux/lib/libcudart.so.1?"]
    for pattern in patterns:
        for path in sorted(glob.glob(pattern), reverse=True):
            return path
    return "libcudart.so"


class Cuda:
    def __init__(self):
        self.library = ctypes.CDLL(find_cudart())
        self.call("cudaSetDevice", 0)
        self.call("cudaFree", None)  # makes the context now

    def call(self, name, *arguments):
        code = getattr(self.library, name)(*arguments)
        if code:
            self.library.cudaGetErrorString.restype = ctypes.c_char_p
            raise RuntimeError(f"{name}: {self.library.cudaGetErrorString(code).decode()} ({code})")

    def allocate(self, size):
        pointer = ctypes.c_void_p()
        self.call("cudaMalloc", ctypes.byref(pointer), ctypes.c_size_t(size))
        return pointer

    def free(self, pointer):
        self.call("cudaFree", pointer)

    def stream(self):
        stream = ctypes.c_void_p()
        self.call("cudaStreamCreateWithFlags", ctypes.byref(stream), NON_BLOCKING)
        return stream

    def idle(self, stream):
        """Whether the stream has finished; anything but success or not-ready is raised."""
        code = self.library.cudaStreamQuery(stream)
        if code == NOT_READY:
            return False
        if code:
            raise RuntimeError(f"cudaStreamQuery: {code}")
        return True

    def fill(self, pointer, byte, size):
        self.call("cudaMemset", pointer, byte, ctypes.c_size_t(size))
        self.call("cudaDeviceSynchronize")

    def write(self, pointer, offset, data):
        self.call("cudaMemcpy", ctypes.c_void_p(pointer.value + offset), data, ctypes.c_size_t(len(data)), TO_DEVICE)

    def read(self, pointer, offset, size):
        data = ctypes.create_string_buffer(size)
        self.call("cudaMemcpy", data, ctypes.c_void_p(pointer.value + offset), ctypes.c_size_t(size), TO_HOST)
        return data.raw

    def copy(self, target, source, size):
        self.call("cudaMemcpy", target, source, ctypes.c_size_t(size), ON_DEVICE)
        self.call("cudaDeviceSynchronize")

    def export(self, pointer):
        handle = Handle()
        self.call("cudaIpcGetMemHandle", ctypes.byref(handle), pointer)
        return bytes(memoryview(handle)).hex()

    def open(self, text):
        pointer = ctypes.c_void_p()
        self.call("cudaIpcOpenMemHandle", ctypes.byref(pointer), Handle.from_buffer_copy(bytes.fromhex(text)), 1)
        return pointer

    def close(self, pointer):
        self.call("cudaIpcCloseMemHandle", pointer)
