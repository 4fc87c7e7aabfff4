"""The matrix of faults: each row brings one about, and one oracle says whether the promise was kept."""
