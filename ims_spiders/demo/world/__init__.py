"""The invented content that the demo tracker serves, drawn from a seed."""
