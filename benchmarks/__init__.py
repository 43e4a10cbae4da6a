"""Side by side with the peers and with the floor: ``make bench``, ``make bench-quick``.

The files in `inside/` are what runs in the measured processes; the rest starts these processes and measures them.
"""
