"""Loops and verbs: what performs the plan and answers the handlers."""
