"""The workbench of dead letters: what failed, whether it was processed after all, and sending it again safely.

`backlog` reads, `verdicts` judges, `plan` decides, `run` acts and watches; `ledger` remembers.
"""
