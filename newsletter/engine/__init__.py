"""Where work runs: threads of one process, or any number of workers over one PostgreSQL."""
