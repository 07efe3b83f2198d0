"""Where in a search or a cross validation a piece of code runs.

These values travel with the context to every worker (see `tracking.context`), so they
hold only names and numbers.
"""

from __future__ import annotations

from typing import NamedTuple


class SearchScope(NamedTuple):
    """Inside the fit of a search that is recorded.

    ``estimator`` is the `id` of the search object. A search that runs inside another
    fit finds a stranger's id here, or no scope, and stays part of that fit.
    """

    search: str
    estimator: int


class TrialScope(NamedTuple):
    """Inside a batch of candidates; the first of them is trial number ``first``."""

    search: str
    first: int


class FoldsScope(NamedTuple):
    """Inside a cross validation that the user called."""
