"""What people of other systems write, in our words: every example of their references, one to one."""
