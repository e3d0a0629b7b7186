"""The names that a shell's completion offers: found once, remembered, and told again in a moment.

A shell asks `alphapanda completions --names KIND` at each press of TAB. What is remembered is told without loading
the rest of the program: this package imports the standard library alone until it has to look for names.
"""
