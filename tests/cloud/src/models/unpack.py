"""Fetches botocore's wheel and writes the API models of a few services, without their documentation.

usage: unpack.py FOLDER VERSION SHA256 SERVICE...

One file a service, one line an entry: "meta JSON", "operation NAME JSON" or "shape NAME JSON", so that a reader need
not parse what it does not use. FOLDER appears whole or not at all.
"""
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

META = ("apiVersion", "protocols", "jsonVersion", "targetPrefix", "xmlNamespace", "signingName", "endpointPrefix")
OPERATION = ("http", "input", "output", "errors", "authtype")
SHAPE = ("type", "required", "members", "member", "key", "value", "enum", "min", "max", "pattern", "flattened",
         "sensitive", "document", "error", "exception")
MEMBER = ("shape", "location", "locationName", "queryName", "flattened", "xmlAttribute", "xmlNamespace")


def keep(entry, names):
    return {name: entry[name] for name in names if name in entry}


def slim(shape):
    kept = keep(shape, SHAPE)
    if "members" in kept:
        kept["members"] = {name: keep(member, MEMBER) for name, member in kept["members"].items()}
    for part in ("member", "key", "value"):
        if part in kept:
            kept[part] = keep(kept[part], MEMBER)
    return kept


def lines(model):
    yield "meta", keep(model["metadata"], META)
    for name, operation in sorted(model["operations"].items()):
        kept = keep(operation, OPERATION)
        kept["errors"] = [error["shape"] for error in kept.get("errors", [])]
        yield f"operation {name}", kept
    for name, shape in sorted(model["shapes"].items()):
        yield f"shape {name}", slim(shape)


def main(folder, version, sha256, *services):
    work = tempfile.mkdtemp(prefix=".aws-models-", dir=os.path.dirname(folder))
    try:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary=:all:", "--dest", work, f"botocore=={version}"]
        if subprocess.run(pip).returncode != 0:
            sys.exit(f"pip could not download botocore {version}")
        wheel = next(os.path.join(work, name) for name in os.listdir(work) if name.endswith(".whl"))
        with open(wheel, "rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != sha256:
                sys.exit(f"the botocore {version} that pip downloaded is not the published one (sha256 differs)")
        out = os.path.join(work, "models")
        os.mkdir(out)
        archive = zipfile.ZipFile(wheel)
        for service in services:
            prefix = f"botocore/data/{service}/"
            names = [n for n in archive.namelist() if n.startswith(prefix) and n.endswith("/service-2.json.gz")]
            model = json.loads(gzip.decompress(archive.read(max(names))))
            with open(os.path.join(out, service), "w", encoding="utf-8") as file:
                for head, entry in lines(model):
                    file.write(f"{head} {json.dumps(entry, separators=(',', ':'))}\n")
        try:
            os.rename(out, folder)
        except OSError:
            if not os.path.isdir(folder):
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


main(*sys.argv[1:])
