"""What is sent, and what came back."""
