"""A relay that makes a server seem far away: `python -m benchmarks.far PORT HOST:PORT SECONDS`."""

from __future__ import annotations

import asyncio
import sys
from functools import partial


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Pass on what comes, each piece ``delay`` seconds later, without holding up those behind it."""
    loop = asyncio.get_running_loop()
    while piece := await reader.read(1 << 16):
        loop.call_later(delay, writer.write, piece)
    loop.call_later(delay, writer.close)


async def connect(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, host: str, port: int, delay: float
) -> None:
    there, back = await asyncio.open_connection(host, port)
    await asyncio.gather(relay(reader, back, 0.0), relay(there, writer, delay), return_exceptions=True)


async def main(port: int, target: str, delay: float) -> None:
    host, _, number = target.rpartition(":")
    connected = partial(connect, host=host, port=int(number), delay=delay)
    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
