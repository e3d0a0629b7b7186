"""The exit codes of every verb: defined beside the errors that lead to them."""

from alphapanda.exit_codes import ExitCode, exit_code_of

__all__ = ["ExitCode", "exit_code_of"]
