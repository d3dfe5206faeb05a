"""What mail says of mail: bounces, complaints and automatic replies, read without a database."""
