"""`make faults`: senders killed and frozen by the hundred, on each engine; the receiving server's record judges."""
