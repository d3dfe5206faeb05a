"""What people typed is read, checked and compiled apart: in a child process with little time, memory and no secrets."""
