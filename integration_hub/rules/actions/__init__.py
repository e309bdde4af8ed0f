"""Decision tables are written by these and nothing else."""
