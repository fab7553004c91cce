"""Pure rules: the states of a job, the plan, the explanation. No I/O."""
