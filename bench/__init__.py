"""Measurements: each prints its figures, and what it compares stands side by side in one run.

make bench                      all of them
.venv/bin/python -m bench crowd one of them
"""
