"""What a child gives up before it touches untrusted bytes.

A decoder is a large C program fed by whoever wants to harm us; we assume that one day it is taken
over. So before the first byte is read the child loses, in this order:

1. memory, processor time, files, processes, core dumps and written files, by resource limits;
2. the way back: no new privileges, no capabilities;
3. the network: an empty network namespace (entered once by the warm parent, where the kernel allows
   it);
4. every system call that opens, connects, starts, signals or inspects anything: a seccomp filter
   that lets pass only what computing and writing the answer needs. Everything else fails with
   EPERM. A thread may be started (libde265 cannot do without one), a process not.

Points 3 and 4 depend on the kernel; what holds is reported, never assumed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CLONE_THREAD = 0x00010000
_CLONE3 = 435  # on every architecture
_CAPABILITY_VERSION_3 = 0x20080522

# System calls that decoding needs once every library is loaded: memory, the descriptors already
# open, clocks, its own end. Not one of them opens a path or names another process. Last, the number
# of clone, which is allowed for threads only. Linux UAPI, asm/unistd_64.h and asm-generic/unistd.h.
_CALLS = {
    "x86_64": (
        0xC000003E,
        {
            "read": 0,
            "write": 1,
            "close": 3,
            "fstat": 5,
            "lseek": 8,
            "mmap": 9,
            "mprotect": 10,
            "munmap": 11,
            "brk": 12,
            "rt_sigaction": 13,
            "rt_sigprocmask": 14,
            "rt_sigreturn": 15,
            "pread64": 17,
            "readv": 19,
            "writev": 20,
            "sched_yield": 24,
            "mremap": 25,
            "madvise": 28,
            "nanosleep": 35,
            "getpid": 39,
            "exit": 60,
            "gettimeofday": 96,
            "getrlimit": 97,
            "getrusage": 98,
            "sysinfo": 99,
            "sigaltstack": 131,
            "gettid": 186,
            "futex": 202,
            "sched_getaffinity": 204,
            "restart_syscall": 219,
            "clock_gettime": 228,
            "clock_getres": 229,
            "clock_nanosleep": 230,
            "exit_group": 231,
            "set_robust_list": 273,
            "getrandom": 318,
            "rseq": 334,
        },
        56,
    ),
    "aarch64": (
        0xC00000B7,
        {
            "close": 57,
            "lseek": 62,
            "read": 63,
            "write": 64,
            "readv": 65,
            "writev": 66,
            "pread64": 67,
            "fstat": 80,
            "exit": 93,
            "exit_group": 94,
            "futex": 98,
            "nanosleep": 101,
            "clock_gettime": 113,
            "clock_getres": 114,
            "clock_nanosleep": 115,
            "sched_getaffinity": 123,
            "sched_yield": 124,
            "restart_syscall": 128,
            "sigaltstack": 132,
            "rt_sigaction": 134,
            "rt_sigprocmask": 135,
            "rt_sigreturn": 139,
            "getrlimit": 163,
            "getrusage": 165,
            "gettimeofday": 169,
            "getpid": 172,
            "gettid": 178,
            "sysinfo": 179,
            "brk": 214,
            "munmap": 215,
            "mremap": 216,
            "mmap": 222,
            "mprotect": 226,
            "madvise": 233,
            "getrandom": 278,
            "rseq": 293,
            "set_robust_list": 99,
        },
        220,
    ),
}
_THREADS = 64  # of all children of one warm parent, itself included


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one child may use. Only tests lift a guard."""

    memory: int | None = (
        1 << 30
    )  # bytes of address space, the interpreter's own (about 150 MiB) included
    cpu_seconds: int = 5
    wall_seconds: float = 10.0
    open_files: int = 8
    source_bytes: int = 64 << 20
    answer_bytes: int = 32 << 20
    at_once: int = 2  # children of one warm parent at a time; further requests wait
    patience: float = 60.0  # seconds that a caller waits in all, queueing included
    filter_calls: bool = True
    isolate_network: bool = True


class _Filter(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, first: object = 0, second: object = 0) -> None:
    if _libc.prctl(option, first, second, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def die_with_parent(sig: int) -> None:
    """Ask the kernel to send `sig` to this process when the *thread* that made it ends."""
    _prctl(_PR_SET_PDEATHSIG, sig)


def leave_network() -> bool:
    """Enter an empty network namespace; True if that was allowed. Only for a process with a single
    thread.

    A user namespace comes with it, because only there an ordinary user may make the other. No
    identity is mapped into it.
    """
    return bool(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def die_first() -> None:
    """If the machine runs out of memory, the kernel is to take a decoder, never the worker or the
    database."""
    with suppress(OSError):  # Without /proc the resource limits alone must do.
        Path("/proc/self/oom_score_adj").write_text("1000")


def build_filter() -> bytes | None:
    """The seccomp program for this machine (classic BPF, struct sock_filter each), None on an
    unknown architecture.

    It reads the architecture and the call number, allows what `_CALLS` names, and answers EPERM to
    the rest. clone3 passes its flags in memory, where a filter cannot look, so it "does not exist"
    (ENOSYS) and the C library falls back to clone.
    """
    known = _CALLS.get(platform.machine())
    if known is None:
        return None
    architecture, calls, clone = known
    load, mask, jump_if_equal, give = (
        0x20,
        0x54,
        0x15,
        0x06,
    )  # BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_JMP|JEQ|K, BPF_RET|K
    allow, refuse, absent, kill = (
        0x7FFF0000,
        0x00050000 | errno.EPERM,
        0x00050000 | errno.ENOSYS,
        0x80000000,
    )
    numbers = sorted(calls.values())
    program = [
        (
            load,
            0,
            0,
            4,
        ),  # seccomp_data.arch: the same number is another call under another architecture
        (jump_if_equal, 1, 0, architecture),
        (give, 0, 0, kill),
        (load, 0, 0, 0),  # seccomp_data.nr
        (jump_if_equal, 0, 1, _CLONE3),
        (give, 0, 0, absent),
        (jump_if_equal, 0, 5, clone),
        (load, 0, 0, 16),  # seccomp_data.args[0], low half: the flags
        (mask, 0, 0, _CLONE_THREAD),
        (jump_if_equal, 1, 0, _CLONE_THREAD),
        (give, 0, 0, refuse),
        (give, 0, 0, allow),
    ]
    program += [
        (jump_if_equal, len(numbers) - place, 0, number) for place, number in enumerate(numbers)
    ]
    program += [(give, 0, 0, refuse), (give, 0, 0, allow)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def filter_allowed(program: bytes | None) -> bool:
    """Whether the kernel takes the filter, tried out in a child of its own."""
    if program is None:
        return False
    pid = os.fork()
    if pid == 0:
        try:
            _prctl(_PR_SET_NO_NEW_PRIVS, 1)
            _install(program)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def _install(program: bytes) -> None:
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(_Filter(len(program) // 8, program)))


def _drop_capabilities() -> None:
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    if _libc.capset(header, b"\0" * 24) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def confine(limits: Limits, program: bytes | None, *, alone: bool) -> None:
    """Give up everything that `limits` and the machine allow to give up. There is no way back.

    `alone` says that the warm parent entered namespaces of its own, in which the kernel counts our
    processes only.

    Raises OSError if a guard could not be set: a child that is not confined must not run.
    """
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(sig, signal.SIG_DFL)
    if limits.memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.open_files, limits.open_files))
    filtered = limits.filter_calls and program is not None
    if alone or not filtered:
        # Outside a namespace the kernel counts every process of the user, so no small number would
        # do; the filter does then. With neither, nothing may be started, and HEIF, which needs a
        # thread, is refused.
        most = _THREADS if alone else 0
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _drop_capabilities()
    if filtered and program is not None:
        _install(program)
