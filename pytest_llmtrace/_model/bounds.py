"""How much a file may ask of whoever reads it: all bounds in one place.

Each is above what any test suite needs and below what harms a machine. What goes beyond one is an error that names the
file, and is refused before the memory or the time is spent.
"""

from __future__ import annotations

from typing import Final

LARGEST_FILE: Final = 512 * 1024 * 1024
"""Bytes of a tape, a journal or a report."""
LARGEST_YAML: Final = 64 * 1024 * 1024
"""Bytes of a YAML text, which takes a hundred times longer to read: a golden trace, a cassette of vcrpy."""
MOST_LINES: Final = 1_000_000
"""Lines of a journal, which has one for each interaction."""
MOST_NODES: Final = 2_000_000
"""Mappings, lists and scalars of a YAML text: about ten seconds."""
LARGEST_SOURCE: Final = 8 * 1024 * 1024
"""Bytes of a source or settings file that is searched for names; of a longer one, the beginning is."""
DEEPEST: Final = 100
"""Levels of mappings and lists in the data of an application or a provider."""
DEEPEST_FILE: Final = 150
"""Levels in a whole file: that data, and what the format puts around it."""
MOST_REFERENCES: Final = 20_000_000
"""Items that all histories, or all lists of all requests, of a file may hold in sum, each time they are referred to."""
MOST_REPEATED: Final = 256 * 1024 * 1024
"""About how many characters all aliases of a vcrpy cassette together may stand for."""
MOST_DECODED: Final = 256 * 1024 * 1024
"""Bytes of a compressed body or file, unpacked."""
LONGEST_QUOTE: Final = 500
"""Characters of what an error quotes from a file."""
