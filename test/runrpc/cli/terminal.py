"""Runs a command on a terminal of its own, and closes the terminal when the command has said where it listens.
SIGTERM is passed on to the command; its exit code is printed when it has ended."""

import os
import pty
import signal
import sys

child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
said = b""
while b"listens on" not in said:
    said += os.read(terminal, 1024)
os.close(terminal)
print("closed", flush=True)
_, status = os.waitpid(child, 0)
print(f"ended with {os.waitstatus_to_exitcode(status)}", flush=True)
