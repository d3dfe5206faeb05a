"""Transports, pace, the attempt journal and the sender loop."""
