"""What keeps jobs within their limits and apart from each other."""
