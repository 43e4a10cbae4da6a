"""Options, ini values and markers: declared in every run, read once into frozen values where they matter."""
