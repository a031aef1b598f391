"""
The pictures in docs/pictures, taken anew by `make pictures`: the board with the demo practice.

They are made small: browsers write a picture for speed, in millions of colours where some hundred are seen.
"""

import struct
import sys
import zlib
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from board_page import BoardPage, BoardServer

CHROMIUM = "/usr/bin/chromium"
FOLDER = Path(__file__).parents[2] / "docs/pictures"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLORS = 256
AWAY, MONDAY = 41, 23
"""Groups of the demo: one in its practitioner's time off, and one whose repeats meet others."""


def take(server: BoardServer) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        def visit(scheme: str, width: int, height: int) -> BoardPage:
            window = {"width": width, "height": height}
            context = browser.new_context(color_scheme=scheme, viewport=window, reduced_motion="reduce")
            board = BoardPage(context.new_page(), server.address)
            board.shows(AWAY, "is away")
            board.page.get_by_text("Live", exact=True).wait_for()
            return board

        keep("board.png", visit("light", 1280, 690))
        repeat = visit("light", 1280, 760)
        repeat.open(MONDAY, "Repeat").get_by_label("Step").select_option("days")
        repeat.page.get_by_text("left out)").first.wait_for()
        keep("board-repeat.png", repeat)
        keep("board-dark.png", visit("dark", 1280, 690))
        browser.close()


def keep(name: str, board: BoardPage) -> None:
    board.page.wait_for_timeout(300)  # until nothing moves any more
    (FOLDER / name).write_bytes(smaller(board.page.screenshot()))
    print(f"docs/pictures/{name}: {(FOLDER / name).stat().st_size:,} bytes")


def smaller(picture: bytes) -> bytes:
    """Return a picture of a browser in the 256 colours that are seen most, others in the nearest of them."""
    chunks = list(_chunks(picture))
    width, height, depth, kind = struct.unpack(">IIBB", chunks[0][1][:10])
    size = {2: 3, 6: 4}[kind]
    assert depth == 8
    lines = _lines(zlib.decompress(b"".join(data for name, data in chunks if name == b"IDAT")), width * size, size)
    pixels = [[bytes(line[at : at + 3]) for at in range(0, len(line), size)] for line in lines]
    seen = Counter(color for line in pixels for color in line)
    palette = [color for color, _ in seen.most_common(COLORS)]
    place = {color: min(range(len(palette)), key=lambda at: _apart(color, palette[at])) for color in seen}
    body = b"".join(b"\0" + bytes(place[color] for color in line) for line in pixels)
    assert len(pixels) == height
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", b"".join(palette)),
            (b"IDAT", zlib.compress(body, 9)),
            (b"IEND", b""),
        )
    )


def _chunks(picture: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], len(SIGNATURE)
    while at < len(picture):
        length, name = struct.unpack(">I4s", picture[at : at + 8])
        found.append((name, picture[at + 8 : at + 8 + length]))
        at += length + 12
    return found


def _lines(data: bytes, length: int, size: int) -> list[bytearray]:
    """Undo the filters of PNG (section 9 of its specification), which tell bytes by those on the left and above."""
    lines = [bytearray(length)]
    for start in range(0, len(data), length + 1):
        kind, line, above = data[start], bytearray(data[start + 1 : start + 1 + length]), lines[-1]
        for at in range(length):
            left, corner = (line[at - size], above[at - size]) if at >= size else (0, 0)
            if kind == 1:
                line[at] = (line[at] + left) & 255
            elif kind == 2:
                line[at] = (line[at] + above[at]) & 255
            elif kind == 3:
                line[at] = (line[at] + (left + above[at]) // 2) & 255
            elif kind == 4:
                guess = left + above[at] - corner
                nearest = min((left, above[at], corner), key=lambda one: abs(guess - one))
                line[at] = (line[at] + nearest) & 255
        lines.append(line)
    return lines[1:]


def _apart(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    if not Path(CHROMIUM).is_file():
        sys.exit(f"make pictures needs {CHROMIUM}: apt-get install chromium (Debian, Ubuntu)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, BoardServer(Path(folder)) as board_server:
        take(board_server)
