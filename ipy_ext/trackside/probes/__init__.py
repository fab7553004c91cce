"""Probes read the machine: processes, the host, its GPUs. Heavy modules are loaded at the first sample."""
