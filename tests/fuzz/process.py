"""The fuzzing process of one target: `python -m tests.fuzz.process TARGET CORPUS libFuzzer's options`."""

from __future__ import annotations

import sys
import warnings

import atheris

with atheris.instrument_imports(include=["ims_spiders"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Never returns: libFuzzer ends the process, with 0 when its time was up and nothing was found."""
    name, *options = sys.argv[1:]
    warnings.simplefilter("error")
    atheris.Setup([sys.argv[0], *options], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
