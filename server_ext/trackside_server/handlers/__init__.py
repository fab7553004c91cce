"""Routes: read, one engine call, write."""
