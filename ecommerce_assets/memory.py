"""Keeps a process small: memory that frames no longer need goes back to the system."""

import ctypes

import pyarrow as pa

# Parameters of glibc's mallopt, by their numbers in its malloc.h. Large blocks are mapped, and so
# unmapped when they are freed; of the others this much may lie unused at the end of a heap.
_MALLOC_PARAMETERS = {
    -3: 128 * 1024,  # M_MMAP_THRESHOLD
    -1: 64 * 1024 * 1024,  # M_TRIM_THRESHOLD
}


def give_back_freed_memory() -> None:
    """Return freed memory to the system, for as long as the process lives.

    Without it the C library keeps up to twice the largest block that was ever freed, and Arrow's
    own allocator keeps more, so that a load grows with what it has read before. Only glibc has the
    setting; other C libraries keep their own rules.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        for parameter, value in _MALLOC_PARAMETERS.items():
            mallopt(parameter, value)
