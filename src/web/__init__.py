"""What every server of ours shares: who may ask, how much, and the process that listens.

refused      a request that cannot be answered
guard        host names, origins, tokens, bodies
connections  what uvicorn does not limit
counting     numbers for Prometheus, also of several processes
running      the socket and uvicorn

It knows nothing of what is served, and imports nothing of this package.
"""

from __future__ import annotations
