"""Reading and writing files of the skops format, protocol 2.

skops (https://skops.readthedocs.io) keeps a model as data: a zip of arrays and a JSON
tree that says which class each object has. `skops.io` itself is not used here, since
importing it imports all of scikit-learn (0.6 s), a file of its own differs from one save
to the next, and it can judge a class but not what an object of that class holds. The
tests compare both ways with the real one over every estimator of scikit-learn.

    write     an object as a file
    trust     which classes and functions a file may name
    contents  whether what trusted objects hold keeps compiled code within its arrays
    read      a file as an object
    mapping   its arrays, for a trial
    tried     a file that was read again before it is called saved
"""

from __future__ import annotations

PROTOCOL = 2
LIKE_VERSION = "0.16.0"
"""The version of skops whose files ours are compared with."""

MISNAMED = {
    "_loss": "sklearn._loss._loss",  # before scikit-learn 1.8
    "numpy.core._multiarray_umath": "numpy",  # functions, before NumPy 2
}
"""What files call modules that should go by another name."""
