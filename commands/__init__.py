"""The command line: one folder or module per noun, one function per verb."""
