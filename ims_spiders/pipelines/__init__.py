"""What happens to an issue, in this order: validate, attachments, text, files, database."""
