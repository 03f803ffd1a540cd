"""Python of the worker environment with its slow imports done, which runs modules in forked children.

    python -m tests.ml_server FD

A request comes over the socket FD: a JSON list of a module and its arguments, with three descriptors for the
child's output, its errors, and a socket on which its process id and then its exit status are told. The server
ends with the other end of FD, and its workers with it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import runpy
import selectors
import socket
import sys

SLOW = (
    "trainer_bridge.workers._lora",
    "trainer_bridge.workers._reference",
    "trainer_bridge.workers._sampling",
    "trainer_bridge.workers._verdicts",
    "datasets",
    "peft",
    "sentence_transformers",
    "trl",
)
REQUEST_BYTES = 65536


def serve(control: socket.socket) -> list[str]:
    """Fork a child for each request. Returns twice: in a child, what to run; at the end, nothing."""
    running = selectors.DefaultSelector()
    running.register(control, selectors.EVENT_READ)
    while True:
        for key, _ in running.select():
            if key.data is None:
                body, descriptors, _, _ = socket.recv_fds(control, REQUEST_BYTES, 3)
                if not body:
                    return []
                out, err, status = descriptors
                if (pid := os.fork()) == 0:
                    running.close()
                    control.close()
                    _become(out, err, status)
                    return list(json.loads(body))
                told = socket.socket(fileno=status)
                told.send(str(pid).encode())
                running.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))
                os.close(out)
                os.close(err)
            else:
                pid, told = key.data
                running.unregister(key.fileobj)
                os.close(key.fd)
                told.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
                told.close()


def _become(out: int, err: int, status: int) -> None:
    """Speak where the request says, and draw other numbers than the last child."""
    import numpy as np
    import torch

    os.dup2(out, 1)
    os.dup2(err, 2)
    for descriptor in (out, err, status):
        os.close(descriptor)
    random.seed()
    np.random.seed()
    torch.seed()


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in SLOW:
        importlib.import_module(name)
    gc.freeze()  # a child's collector would copy every page that it looks at
    if asked := serve(control):
        module, *arguments = asked
        sys.argv[1:] = arguments
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
