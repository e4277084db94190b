"""Runs a command on a terminal of its own: python3 terminal.py '[["prompt", "answer"], ...]' COMMAND... Each answer is typed
once its prompt is there. Ends with the exit code of the command, and prints what it has printed. COLUMNS and LINES say how large the
terminal is; without them it does not say so itself."""

import fcntl
import json
import os
import pty
import struct
import sys
import termios

child, terminal = pty.fork()
if child == 0:
    if "COLUMNS" in os.environ:
        size = struct.pack("HHHH", int(os.environ["LINES"]), int(os.environ["COLUMNS"]), 0, 0)
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
    os.execv(sys.argv[2], sys.argv[2:])
printed = b""
for prompt, answer in json.loads(sys.argv[1]):
    said = b""
    while prompt.encode() not in said:
        said += os.read(terminal, 1024)
    printed += said
    os.write(terminal, answer.encode())
try:
    while True:
        said = os.read(terminal, 1024)
        if not said:
            break
        printed += said
except OSError:  # the last process of the terminal has ended
    pass
print(printed.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
