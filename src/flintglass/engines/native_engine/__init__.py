"""The native engine: programs run by a small machine in C++, whole fits included; the default where it is built."""
