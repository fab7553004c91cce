"""What a cell becomes: the names it reads and binds, their values, and the program that runs it in a job."""
