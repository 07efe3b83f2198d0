"""A pytest plugin: autolog is on before scikit-learn is imported, with every default but the store."""

from __future__ import annotations

import os

import autolog

autolog.enable(store=os.environ["OWN_TESTS_STORE"])
