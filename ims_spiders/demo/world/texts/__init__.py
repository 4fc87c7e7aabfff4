"""What the invented issues are about, in Korean, Japanese, English and mixed."""
