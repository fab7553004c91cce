"""What a notebook shows of jobs, runs and machines: bundles, pictures, tables, text, values to come."""
