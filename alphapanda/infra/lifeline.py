"""Become another program that ends when its parent does.

Run as a file: `python -I -S lifeline.py PARENT_PID SIGNAL -- ARGV…`. It asks the kernel for SIGNAL at the
parent's death, checks that the parent had not died before that, and replaces itself by ARGV; the wish
survives `exec`. The kernel means the *thread* that started this process, so start children from a thread that
lives as long as they may. Where there is no `prctl` (macOS) it only replaces itself.
"""

import os
import sys

PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Set the wish, check the race, become ARGV."""
    parent, number, separator, *command = argv
    if separator != "--" or not command:
        raise SystemExit(2)
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - no such call elsewhere

        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != int(parent):
        raise SystemExit(0)
    try:
        os.execvp(command[0], command)  # noqa: S606 - this is what it is for
    except OSError as error:
        raise SystemExit(f"{command[0]} cannot be run: {error.strerror}") from None


if __name__ == "__main__":
    main(sys.argv[1:])
