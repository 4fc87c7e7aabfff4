"""The pages of the demo tracker: each module renders one kind, from the world to HTML."""
