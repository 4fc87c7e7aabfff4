"""What attachments say: their bytes as text, read in a child process with limits."""
