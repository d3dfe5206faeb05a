"""The whole job once, with made-up families: real parts, real SMTP and HTTP, nothing outside this machine."""
