"""The tracking server: any store over HTTP, in the words of MLflow's REST API and in our own.

routing    the table of endpoints as routes
decoding   queries and bodies as the structs of `store.wire`
guard      tokens, origins, headers; counting and logging of every request
errors     what is said when something is wrong
app        all of it together
"""

from __future__ import annotations
