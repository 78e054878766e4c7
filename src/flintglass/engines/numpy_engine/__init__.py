"""The NumPy engine: the reference, which runs everywhere."""
