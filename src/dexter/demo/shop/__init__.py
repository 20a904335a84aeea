"""Fern & Clay, a shop for plants and pots: small, plausible, and with the ordinary mistakes of a real one."""
