"""4: io_uring around the filter."""
import ctypes

from attack import done, refused

refused("io_uring_setup", 8, ctypes.create_string_buffer(120))
refused("io_uring_enter", 0, 1, 0, 0, 0)
refused("io_uring_register", 0, 0, 0, 0)
done()
