"""Where the archive lies: session folders, which are the truth, and the database that projects them."""
