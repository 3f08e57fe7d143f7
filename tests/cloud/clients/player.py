"""What plays transcripts has in common: reading steps, making a call by boto3, comparing answers.

Values are as the transcripts have them: timestamps in seconds, blobs as base64 text. What boto3 does on its own is
switched off (checks of parameters, retries, tokens made up), so that the server gets what the transcript says.
"""
import base64
import datetime
import json
import os
import urllib.parse

import boto3
import botocore.config
import botocore.exceptions
import botocore.handlers
import botocore.session

UTC = datetime.timezone.utc
REGION = "eu-central-1"
EMPTY = ([], {}, "", None)


def transcripts(folder):
    """The transcripts of a folder, in order."""
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".jsonl")]


class Unsendable(Exception):
    """A call that boto3 has no way to express: a member that its model does not know, a value of another type."""


class Player:
    """A client of all services behind one address."""

    def __init__(self, url, key="AKIAROOT111122223333"):
        session = botocore.session.get_session()
        session.unregister("before-parameter-build", botocore.handlers.generate_idempotent_uuid)
        self.session = boto3.Session(key, "any", region_name=REGION, botocore_session=session)
        self.url = url
        self.clients = {}

    def steps(self, name):
        """The steps of a transcript."""
        with open(name, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]

    def client(self, service):
        """The client of a service, made once."""
        if service not in self.clients:
            config = botocore.config.Config(
                parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=30,
                inject_host_prefix=False)
            self.clients[service] = self.session.client(service, endpoint_url=self.url, config=config)
        return self.clients[service]

    def model(self, step):
        """The model of a step's operation; nothing if botocore does not know it."""
        model = self.client(step["service"]).meta.service_model
        return model.operation_model(step["operation"]) if step["operation"] in model.operation_names else None

    def call(self, step, given=None):
        """What comes of a step: `{"ok": output}`, `{"code", "message"}`, or nothing if it can't be sent."""
        model = self.model(step)
        if model is None:
            return None
        client = self.client(step["service"])
        try:
            native = to_native(step["input"] if given is None else given, model.input_shape)
            output = client._make_api_call(step["operation"], native)
        except botocore.exceptions.ClientError as refused:
            error = refused.response["Error"]
            return {"code": error.get("Code"), "message": error.get("Message")}
        except (botocore.exceptions.HTTPClientError, botocore.parsers.ResponseParserError) as broken:
            return {"code": type(broken).__name__, "message": str(broken)}
        except (Unsendable, botocore.exceptions.BotoCoreError, AttributeError, TypeError, ValueError, KeyError):
            return None
        output.pop("ResponseMetadata", None)
        return {"ok": to_plain(output)}

    def differences(self, step, expected, got):
        """Where two outputs of a step's operation differ."""
        found = []
        compare(expected, got, self.model(step).output_shape, "", found)
        return found


def to_native(given, shape):
    """A value as boto3 wants it."""
    if given is None or shape is None:
        return {} if shape is None else None
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(given, dict) or not set(given) <= set(shape.members):
            raise Unsendable(shape.name)
        return {name: to_native(part, shape.members[name]) for name, part in given.items() if part is not None}
    if kind == "list":
        if not isinstance(given, list):
            raise Unsendable(shape.name)
        return [to_native(part, shape.member) for part in given]
    if kind == "map":
        if not isinstance(given, dict):
            raise Unsendable(shape.name)
        return {name: to_native(part, shape.value) for name, part in given.items()}
    if kind == "blob":
        return base64.b64decode(given)
    if kind == "timestamp":
        return datetime.datetime.fromtimestamp(given, UTC)
    if kind == "string" and not isinstance(given, str):
        raise Unsendable(shape.name)
    return given


def to_plain(held):
    """A value as the transcripts have it."""
    if isinstance(held, dict):
        return {name: to_plain(part) for name, part in held.items()}
    if isinstance(held, (list, tuple)):
        return [to_plain(part) for part in held]
    if isinstance(held, (bytes, bytearray)):
        return base64.b64encode(bytes(held)).decode()
    if isinstance(held, datetime.datetime):
        return held.timestamp()
    return held


def compare(expected, got, shape, path, found):
    """Lists the places at which two values differ; empty and absent are alike."""
    if expected in EMPTY and got in EMPTY:
        return
    if isinstance(expected, dict) and isinstance(got, dict) and shape is not None:
        for name in sorted(set(expected) | set(got)):
            part = shape.members.get(name) if shape.type_name == "structure" else getattr(shape, "value", None)
            compare(expected.get(name), got.get(name), part, f"{path}.{name}", found)
    elif isinstance(expected, list) and isinstance(got, list) and shape is not None:
        if len(expected) != len(got):
            found.append({"at": path, "expected": expected, "got": got})
            return
        for number, (one, other) in enumerate(zip(expected, got)):
            compare(one, other, shape.member, f"{path}[{number}]", found)
    elif not alike(expected, got, shape):
        found.append({"at": path, "expected": expected, "got": got})


def alike(expected, got, shape):
    """Whether two plain values are the same, given how their protocols write them."""
    if expected == got:
        return True
    if isinstance(expected, str) and isinstance(got, dict):  # boto3 reads IAM's documents
        try:
            return json.loads(urllib.parse.unquote(expected)) == got
        except ValueError:
            return False
    if shape is not None and shape.type_name == "timestamp" and isinstance(expected, (int, float)):
        return isinstance(got, (int, float)) and abs(expected - got) < 1.0  # some protocols have no fractions
    return False
