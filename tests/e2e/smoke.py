"""Start the installed program in an empty folder, see a trade, stop it, and find nothing left running.

Run by `nox -s wheel` with the wheel installed; by hand: `python tests/e2e/smoke.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

PATIENCE_S = 60.0


def alphapanda(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the program that is installed beside this interpreter."""
    program = Path(sys.executable).with_name("alphapanda")
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=600, check=False)
    if check and done.returncode != 0:
        raise SystemExit(f"alphapanda {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return done


def items(*words: str) -> list[dict[str, Any]]:
    """Return the items of a `--json` document."""
    found: list[dict[str, Any]] = json.loads(alphapanda(*words, "--json").stdout)["items"]
    return found


def until_filled() -> int:
    """Wait for the first fill and return how many there are."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        (pnl,) = items("pnl")
        if pnl["fills"]:
            return int(pnl["fills"])
        time.sleep(0.2)
    raise SystemExit(f"No fill within {PATIENCE_S:g} s of the start.")


def left_behind(folder: Path) -> list[str]:
    """Return the processes that still work in `folder`."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        words = process.info["cmdline"] or []
        home = (process.info["environ"] or {}).get("ALPHAPANDA_HOME")
        if str(folder) in " ".join(words) or (home == str(folder) and process.pid != os.getpid()):
            found.append(f"{process.pid} {' '.join(words)[:100]}")
    return found


def trade(folder: Path) -> None:
    """Go through one life of a system: up, fills, down, up again with the same positions, down."""
    for life in ("first", "second"):
        began = time.monotonic()
        alphapanda("up")
        ready = time.monotonic() - began
        fills = until_filled()
        filled = time.monotonic() - began
        print(f"{life} start: ready after {ready:.1f} s, {fills} fills after {filled:.1f} s")
        alphapanda("status")
        alphapanda("state", "verify")
        alphapanda("down")
    if remaining := left_behind(folder):
        raise SystemExit("Left running:\n" + "\n".join(remaining))
    print("Nothing is left running.")


def main() -> None:
    """Trade in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="alphapanda-smoke-") as name:
        folder = Path(name).resolve()
        os.environ["ALPHAPANDA_HOME"] = str(folder)
        try:
            trade(folder)
        finally:
            alphapanda("down", check=False)


if __name__ == "__main__":
    main()
