"""Measurements: each prints its figures, and what it compares stands side by side in one run.

make bench                      what is held against goals and other servers
.venv/bin/python -m bench crowd one of them
"""
