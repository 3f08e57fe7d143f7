"""Botocore on both sides of the wire: requests as it writes them, and what it reads from our answers.

usage: cases.py make FOLDER    writes one line a case: what was meant, and the request or the output to encode
       cases.py check FOLDER   reads the encoded answers and says which ones it reads differently

Values are as the cloud has them: timestamps in seconds, blobs as base64 text. Every operation of every service named
below comes once with random input and output, from a fixed seed, with empty lists, empty texts and special characters.
"""
import base64
import datetime
import json
import os
import random
import sys

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize

LOADER = botocore.loaders.Loader()
UTC = datetime.timezone.utc
TEXTS = ["", "a", "x y", "ü/ß", "a&b<c>\"'", "a=b;c,d", "+%2B", "[1.1]", "{\"a\": [1]}", " edge ", "line\nline"]


def value(shape, rng, depth, plain):
    """A random value of a shape; `plain` where it goes into a path or a header."""
    kind = shape.type_name
    if kind == "structure":
        if shape.is_document_type:
            return {}
        return structure(shape, rng, depth)
    if kind == "list":
        count = rng.choice([0, 1, 2, 11]) if depth < 3 else rng.choice([0, 1])
        return [value(shape.member, rng, depth + 1, plain) for _ in range(count)]
    if kind == "map":
        return {f"key.{n} ü": value(shape.value, rng, depth + 1, plain) for n in range(rng.choice([1, 2]))}
    if kind == "string":
        if plain:
            return rng.choice(["a", "a-b", "arn:aws:x:y:1:z/w", "a b", "ü"])
        return rng.choice(shape.enum) if shape.enum else rng.choice(TEXTS)
    if kind == "blob":
        return bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 5])))
    if kind == "timestamp":
        return datetime.datetime.fromtimestamp(rng.randrange(2_000_000_000), UTC)
    if kind == "boolean":
        return rng.choice([True, False])
    if kind in ("integer", "long"):
        return rng.choice([0, 1, -5, 2147483647])
    return rng.choice([0.5, -1.25, 3.0])


def structure(shape, rng, depth):
    made = {}
    names = list(shape.members)
    required = set(shape.required_members)
    if shape.is_tagged_union:
        names = [rng.choice(names)]
        required = set(names)
    elif depth > 2:
        names = [name for name in names if name in required] or names[:1] if depth < 6 else []
    for name in names:
        member = shape.members[name]
        elsewhere = member.serialization.get("location")
        if name in required or depth <= 1 or rng.random() < 0.5:
            if depth > 5 and not shape.is_tagged_union and member.type_name in ("structure", "list", "map"):
                continue
            made[name] = value(member, rng, depth + 1, elsewhere is not None)
    return made


def plain_json(held):
    """A value as the cloud has it."""
    if isinstance(held, dict):
        return {name: plain_json(part) for name, part in held.items()}
    if isinstance(held, (list, tuple)):
        return [plain_json(part) for part in held]
    if isinstance(held, (bytes, bytearray)):
        return base64.b64encode(bytes(held)).decode()
    if isinstance(held, datetime.datetime):
        return held.timestamp()
    return held


def operations(services):
    for service in services:
        model = botocore.model.ServiceModel(LOADER.load_service_model(service, "service-2"), service)
        protocols = model.metadata["protocols"]
        for protocol in protocols:
            for name in model.operation_names:
                operation = model.operation_model(name)
                if not (operation.has_event_stream_input or operation.has_event_stream_output):
                    yield service, protocol, operation


def body_text(body):
    body = body if body is not None else b""
    if isinstance(body, dict):
        from urllib.parse import urlencode
        return urlencode(body, doseq=True).encode()
    return body.encode() if isinstance(body, str) else bytes(body)


def request_of(protocol, operation, given):
    from urllib.parse import urlencode
    made = botocore.serialize.create_serializer(protocol, False).serialize_to_request(given, operation)
    query = made["query_string"]
    query = query if isinstance(query, str) else urlencode(query, doseq=True)
    return {
        "method": made["method"],
        "uri": made["url_path"] + ("?" + query if query else ""),
        "headers": dict(made["headers"]),
        "body": base64.b64encode(body_text(made["body"])).decode(),
    }


def make(folder, services):
    rng = random.Random(4)
    with open(os.path.join(folder, "cases"), "w", encoding="utf-8") as out:
        for service, protocol, operation in operations(services):
            given = structure(operation.input_shape, rng, 0) if operation.input_shape else {}
            output = structure(operation.output_shape, rng, 0) if operation.output_shape else {}
            case = {"service": service, "protocol": protocol, "operation": operation.name,
                    "input": plain_json(given), "output": plain_json(output),
                    "request": request_of(protocol, operation, given)}
            out.write(json.dumps(case) + "\n")


def same(ours, read, shape):
    """Whether botocore read what was meant; what it fills in for absent and empty parts is left aside."""
    if shape is None:
        return True
    if shape.type_name == "structure":
        members = set(ours) | set(read)
        return all(same_member(ours.get(n), read.get(n), shape.members.get(n)) for n in members)
    if shape.type_name == "list":
        return len(ours) == len(read) and all(same(a, b, shape.member) for a, b in zip(ours, read))
    if shape.type_name == "map":
        return ours.keys() == read.keys() and all(same(ours[k], read[k], shape.value) for k in ours)
    return ours == read


def same_member(ours, read, shape):
    if shape is None:
        return False
    empty = ([], {}, "", None)
    if ours in empty or read in empty:
        return ours in empty and read in empty
    return same(ours, read, shape)


def check(folder, services):
    models = {(s, p, o.name): o for s, p, o in operations(services)}
    parsers = {}
    wrong = 0
    with open(os.path.join(folder, "answers"), encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            key = (case["service"], case["protocol"], case["operation"])
            shape = models[key].output_shape
            parser = parsers.setdefault(case["protocol"], botocore.parsers.create_parser(case["protocol"]))
            response = {"status_code": case["status"], "headers": botocore.compat.HTTPHeaders.from_dict(case["headers"]),
                        "body": base64.b64decode(case["body"])}
            read = plain_json(parser.parse(response, shape))
            read.pop("ResponseMetadata", None)
            if shape is not None and not same(case["output"], read, shape):
                wrong += 1
                print(f"{' '.join(key)}\n  meant {json.dumps(case['output'])}\n  read  {json.dumps(read)}")
    sys.exit(1 if wrong else 0)


{"make": make, "check": check}[sys.argv[1]](sys.argv[2], sys.argv[3:])
