"""Tracking: runs, their folders and records. Standard library only; works with no server."""
