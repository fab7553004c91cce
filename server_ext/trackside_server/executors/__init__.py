"""Where attempts run; today this machine."""
