"""How our answers differ from MLflow's, and why that is so: all of it."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.store.server.replay import Difference, Step


class Accepted(NamedTuple):
    """A difference that is meant. ``request`` and ``place`` are regular expressions.

    ``request`` is found somewhere in the request as it is printed, ``place`` is the whole place.
    """

    reason: str
    request: str
    place: str

    def covers(self, step: Step, found: Difference) -> bool:
        return bool(re.search(self.request, str(step)) and re.fullmatch(self.place, found.place))


_MESSAGE = r"body\.message"
_ERROR = r"status|body\.error_code|body\.message"

# Errors: clients decide by the code, and a message is for people.

_ERRORS = [
    Accepted("what `error_code` says, said again; no client reads it", "", r"body\.(sqlstate|error_class)"),
    Accepted("MLflow's holds the SQL that failed", r'create \{"name": "ex-|rename .*"other"', _MESSAGE),
    Accepted(
        "our message says what the type should be",
        r'"name": 7|"start_time": "x"|"max_results": "x"|"value": "x", "timestamp"|"timestamp": -1',
        _MESSAGE,
    ),
    Accepted(
        "our message says what is allowed",
        r'"max_results": (0|1001|50001|200001)|"name": "a[/:]b"|"new_name": "a/b"|"stages?": \[?"best"',
        _MESSAGE,
    ),
    Accepted("our message says what is allowed", r'"alias": "(latest|v1|a b)", "version"', _MESSAGE),
    Accepted(
        "our message names the fields in one order",
        r'order_by": \["(colour|creation)|filter": "colour|model_json": .*flavors.*\{\}\}"',
        _MESSAGE,
    ),
    Accepted(
        "our message points at the place",
        r"""filter": "(name >|name = "|name = 'a1?' OR|version_number (LIKE|= 'x'))"""
        r"""|filter": "(metrics.acc (>"|= 'x')|params.lr >)""",
        _MESSAGE,
    ),
    Accepted(
        "a key that is missing reads as an empty one to us",
        r'(set-experiment-tag|log-parameter|runs/set-tag) .*", "value": "[vx]"\}|"metrics": \[\{"value"',
        _MESSAGE,
    ),
    Accepted("one param of a batch is named as one alone would be", r'"key": "new".*"key": "lr"', _MESSAGE),
    Accepted("our message names the file in the run", r"artifacts/none\.txt", _MESSAGE),
    Accepted("our message says where to send files", "/mpu/|/presigned/", _MESSAGE),
    Accepted(
        "an unknown path is answered in JSON, as everything is",
        "nothing/here",
        r"body(\.(error_code|message))?",
    ),
    Accepted(
        "the client's mistake, not the server's: 400",
        r"""logged-models/search .*(colour = 'a'|metrics\.acc = 'x')|"None", "archive_existing.*true""",
        _ERROR,
    ),
    Accepted("nothing is presigned for files on a disk: not implemented", "/presigned-", _ERROR),
    Accepted("our message names the parameter", r'bulk \{"metric_key": "loss"\}', _MESSAGE),
    Accepted("it is missing, not the server that failed: 404", r'"models:/m-0{32}"', _ERROR),
    Accepted("the name is taken, and the error says so", r'update .*"new_name": "ex-other"', _ERROR),
    Accepted("a status that there is not is no status", r'"status": "DONE"', rf"{_ERROR}|body\.run_info"),
    Accepted("a data set without a digest cannot be told from others", r'\[\{"dataset": ', _ERROR),
    Accepted(
        "an experiment that is deleted is there, and can be restored twice",
        r"experiments/(delete|restore) .*exp",
        _ERROR,
    ),
    Accepted("the history of a run that there is not is an error", r"get-history .*0{32}", _ERROR),
]

# What we take that MLflow refuses.

_TAKEN = [
    Accepted(
        "without a limit there is a usual one", r"experiments/search \{\}", rf"{_ERROR}|body\.experiments"
    ),
    Accepted(
        "runs can be searched with or, not and parentheses",
        r'filter": "(metrics.acc > 0.5 OR|NOT|\()',
        rf"{_ERROR}|body\.runs",
    ),
    Accepted(
        "the source says which run or model it is of; nobody has to say it again",
        r'"source": "(runs:/\$\{run\}/model|mlflow-artifacts:/.*/artifacts/model|models:/\$\{model\})"\}',
        rf"{_ERROR}|body\.model_version",
    ),
    Accepted(
        "an address elsewhere is kept and never asked, so no scheme is dangerous",
        '"https://elsewhere',
        rf"{_ERROR}|body\.model_version",
    ),
    Accepted(
        "one version more than MLflow took before it", r'models:/fraud/1|0123456789abcdef"\}', r".*\.version"
    ),
]

# What we keep in another way.

_KEPT = [
    Accepted(
        "an artifact has one address, however it was written",
        "model-versions/(create|get) ",
        r"body\.model_version\.source",
    ),
    Accepted("what any client can download", "get-download-uri", r"body\.artifact_uri"),
    Accepted(
        "NaN is no JSON; it is a text, as in MLflow's other answers",
        "history-bulk ",
        r"body\.metrics\[\]\.value",
    ),
    Accepted(
        "the value of a metric is the one logged last, also where a training went back in its steps",
        "runs/get",
        r"body\.run\.data\.metrics\.back\.(value|step|timestamp)",
    ),
    Accepted("infinity is kept", "runs/get", r"body\.run\.data\.metrics\.up\.value"),
    Accepted(
        "the user is a tag of the run",
        "runs/(create|get|search)",
        r"body\.runs?(\[\])?\.data\.tags\.(autolog|mlflow)\.user",
    ),
    Accepted("a run that begins has no outputs, which we say", "runs/create", r"body\.run\.outputs"),
    Accepted(
        "a search by status or by the name of a data set finds something",
        r"READY'|\"train\"\}\]",
        r"body\.models",
    ),
    Accepted("there are no workspaces", "experiments/", r"body\.experiments?(\[\])?\.workspace"),
    Accepted(
        "nobody made the default experiment", '"experiment_id": "0"', r".*\.(creation|last_update)_time"
    ),
    Accepted("every answer is JSON", "^PUT", "body"),
    Accepted("what this server can do", "server-info", r"body\..*"),
]

ACCEPTED = _ERRORS + _TAKEN + _KEPT
