"""The process's first lines: from here on Ctrl-C ends it with 130, whatever it is just doing, imports too."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with the verb's exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if len(words) == 3 and words[0] == "completions":
            from commands.shell.completion_names.quickly import told_quickly

            if told_quickly(words):
                sys.exit(0)
        from commands.shell.root import run

        sys.exit(run(arguments))
    except KeyboardInterrupt:
        from alphapanda.exit_codes import ExitCode

        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
