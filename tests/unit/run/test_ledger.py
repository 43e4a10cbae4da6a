"""The ledger of live spending."""

from concurrent.futures import ThreadPoolExecutor

from pytest_llmtrace._run.ledger import Ledger


def test_one_process_counts_in_memory():
    """Without a file the sum is the process's own."""
    ledger = Ledger()
    ledger.add(0.5, 10)
    ledger.add(0.25, 5)
    assert ledger.spent() == (0.75, 15)


def test_processes_that_share_a_file_share_the_sum(tmp_path):
    """What one worker spends, the other sees before its next call."""
    one, other = Ledger(tmp_path / "ledger"), Ledger(tmp_path / "ledger")
    assert other.spent() == (0.0, 0)
    one.add(0.5, 10)
    assert other.spent() == (0.5, 10)
    other.add(0.25, 5)
    assert one.spent() == other.spent() == (0.75, 15)


def test_a_line_that_is_still_being_written_is_counted_later(tmp_path):
    """Half a line of another process is not misread."""
    path = tmp_path / "ledger"
    path.write_bytes(b"0.5 10\n0.2")
    ledger = Ledger(path)
    assert ledger.spent() == (0.5, 10)
    with path.open("ab") as file:
        file.write(b"5 5\n")
    assert ledger.spent() == (0.75, 15)


def test_threads_add_without_losing_any(tmp_path):
    """Every call counts, whoever makes it."""
    ledger = Ledger(tmp_path / "ledger")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ledger.add(0.5, 1), range(100)))
    assert ledger.spent() == (50.0, 100)
