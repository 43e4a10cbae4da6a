"""The history of a project in a database: runs, their tests and calls, written by the controller, read by a command.

`address` is where, `columns` what, `record` one run of it. A run first becomes a file (`spool`), then rows (`sending`,
`writing`); `migrations` brings the tables up to date, `reading` gives trends. SQLAlchemy is imported by `engine`, which
nothing imports before a database is needed.
"""
