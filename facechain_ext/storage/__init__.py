"""Files and memory: atomic writes, JSON stores, caches."""
