"""A tracker that behaves like IMS, with invented content and faults to switch on. Imports nothing of the crawler."""
