"""`python -m ims_spiders.cli`: the same as `ims`, for programs that start it with their own interpreter."""

from ims_spiders.cli import main

main()
