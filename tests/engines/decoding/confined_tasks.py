"""What a decoder that has been taken over might do, run in the confined child in place of decoding
(see test_decoding_limits)."""

from __future__ import annotations

import base64
import ctypes
import errno
import json
import mmap
import os
import resource
import socket
import threading
import time
from pathlib import Path
from typing import Any

Said = tuple[dict[str, Any], list[bytes]]


def _error(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__


def act(descriptor: int, request: dict[str, Any]) -> Said:  # noqa: C901 — one branch for each thing that a child tries
    """Do what `request["do"]` names, and say whether it worked."""
    what, given = request["do"], request.get("with")
    try:
        match what:
            case "nothing":
                pass
            case "read":
                return {"read": os.read(descriptor, 1000).decode()}, [b"x" * 10]
            case "allocate":
                mmap.mmap(
                    -1, given
                )  # Address space only: the limit is on that, and no page is touched.
            case "allocate_in_python":
                bytearray(given)
            case "spin":
                while True:
                    pass
            case "sleep":
                time.sleep(given)
            case "fault":
                ctypes.string_at(0)
            case "abort":
                os.abort()
            case "leave":
                os._exit(0)
            case "raise":
                raise ValueError("anything")
            case "connect":
                with socket.socket() as one:
                    one.connect(("127.0.0.1", given))
            case "open":
                return {"done": True, "text": Path(given).read_text()[:20]}, []
            case "write":
                Path(given).write_text("was here")
            case "fork":
                if os.fork() == 0:
                    os._exit(0)
            case "execute":
                os.execv("/bin/true", ["true"])  # noqa: S606 - that it cannot is the test
            case "thread":
                thread = threading.Thread(target=lambda: None)
                thread.start()
                thread.join()
            case "kill":
                os.kill(given, 9)
            case "descriptors":
                found = []
                for number in range(256):
                    try:
                        os.lseek(number, 0, os.SEEK_CUR)
                    except OSError as error:
                        if error.errno == errno.EBADF:
                            continue
                    found.append(number)
                return {"open": found}, []
            case "environment":
                return {"environment": sorted(os.environ)}, []
            case "raise_limits":
                resource.setrlimit(
                    resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
                )
            case "flood":
                return {"done": True}, [bytes(1 << 20)] * given
            case "garbage":
                os.write(4, given.encode())
                os._exit(0)
    except OSError as error:
        return {"done": False, "why": _error(error)}, []
    except RuntimeError as error:
        return {"done": False, "why": str(error)}, []
    return {"done": True}, []


def lie(descriptor: int, request: dict[str, Any]) -> Said:
    """Answer with the header and the parts that the source asks for: what a decoder says once it is
    not ours any more."""
    with open(descriptor, "rb", closefd=False) as source:
        header, parts = json.load(source)
    return header, [base64.b64decode(part) for part in parts]
