"""A model over HTTP, as MLflow's scoring server speaks it.

wire        bodies of requests and answers
batching    requests that come together are predicted together
service     the model, exchanged when its alias moves
guard       the token, limits
app         the routes; openapi and metrics describe and count them
run         processes and their workers
"""

from __future__ import annotations
