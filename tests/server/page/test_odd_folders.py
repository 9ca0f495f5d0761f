"""A run's folder that holds anything: it takes nobody else's page down, and hangs nothing."""

import os

import pytest


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def a_loop(path):
    path.unlink()
    path.symlink_to(path)


def a_socket(path):
    import socket

    path.unlink()
    one = socket.socket(socket.AF_UNIX)
    here = os.open(path.parent, os.O_RDONLY)
    try:
        one.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)
        one.close()


def a_gigabyte_without_a_line(path):
    with path.open("r+b") as file:
        file.truncate(1 << 30)


def binary(path):
    path.write_bytes(bytes(range(256)) * 4 + b"\n")


def other_json(path):
    path.write_text("[]\n{}\n7\n" + "[" * 100_000 + "\n" + '{"contributors":7}\n')


@pytest.mark.parametrize(
    "made",
    [a_folder, a_pipe, a_loop, a_socket, a_gigabyte_without_a_line, binary, other_json],
)
@pytest.mark.parametrize(
    "name",
    ["config.toml", "summary.json", "error.txt", "fedavg/rounds.jsonl", "ledger.jsonl",
     "ledger.pub", "report.html"],
)  # fmt: skip
def test_an_odd_run_leaves_index_and_neighbours_alone(get, ended, begun, name, made):
    odd = ended if (ended / name).exists() else begun
    (odd / name).touch()
    made(odd / name)
    other = begun if odd is ended else ended

    answer, index = get(odd.parent, "/")

    assert answer.status == 200
    assert b'href="ended/"' in index
    assert b'href="begun/"' in index
    assert get(odd.parent, f"/{other.name}/state.json")[0].status == 200
    assert get(odd.parent, f"/{odd.name}/state.json")[0].status == 200
    assert get(odd.parent, f"/{odd.name}/")[0].status == 200
    assert get(odd.parent, f"/{odd.name}/curves.json")[0].status == 200
    assert get(odd.parent, f"/{odd.name}/anml/rounds/last.json")[0].status in (200, 404)
    assert get(odd.parent, "/compare?run=ended&run=begun")[0].status == 200


def test_a_line_without_end_is_told_and_the_next_one_read(get, begun, monkeypatch):
    from server.page import rounds_file

    monkeypatch.setattr(rounds_file, "LONGEST_LINE", 10_000)
    path = begun / "fedavg" / "rounds.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{' ' * 20_000}\n{second}\n")

    now = get.json(begun.parent, "/begun/state.json")

    assert now["strategies"][0]["rounds"] == 2
    assert "a line has 20,000 bytes, more than 10,000." in now["words"]


def test_a_folder_that_cannot_be_looked_into_is_left_out(get, ended, monkeypatch):
    """The test's account may be root, whom no mode keeps out."""
    from server.page import listing

    (ended.parent / "closed").mkdir()
    real = listing.is_run

    def refusing(folder):
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(listing, "is_run", refusing)

    answer, index = get(ended.parent, "/")

    assert answer.status == 200
    assert b'href="ended/"' in index
    assert b"closed" not in index
