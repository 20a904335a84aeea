"""From what an SDK sends to an issue: parse, normalize, group, save."""
