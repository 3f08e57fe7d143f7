"""Makes the calls of the rules again, by boto3 through the server, and says what comes out otherwise.

usage: replay.py URL FOLDER

FOLDER holds transcripts (`RULES_TRANSCRIPTS=FOLDER cargo test --workspace --test rules`), URL is a server
with the tests' seed whose time stands still. Prints one JSON object: how many transcripts and calls there were, how
many steps could not be taken again, and the differences.
"""
import json
import os
import sys
import urllib.request

import player


class Server:
    """The strict cloud's control API."""

    def __init__(self, url):
        self.url = url

    def post(self, path, body):
        request = urllib.request.Request(f"{self.url}/_cloud/{path}", json.dumps(body).encode(), method="POST")
        urllib.request.urlopen(request).read()


def replay(server, client, name, summary):
    server.post("reset", {})
    summary["transcripts"] += 1
    for number, step in enumerate(client.steps(name), 1):
        if "wait" in step:
            server.post("time", {"advance": step["wait"]})
        elif "reset" in step:
            server.post("reset", {})
        elif "behind" in step:
            summary["behind"] += step["behind"]
        else:
            difference = again(client, step, summary)
            if difference:
                call = f"{step['service']} {step['operation']}"
                summary["differences"].append({"at": f"{os.path.basename(name)}:{number}", "call": call, **difference})


def again(client, step, summary):
    """What comes out otherwise in one call, if anything does."""
    got = client.call(step)
    if got is None:
        summary["unsendable"] += 1
        return None
    summary["calls"] += 1
    expect = step["expect"]
    if "code" in expect or "code" in got:
        if (expect.get("code"), expect.get("message")) == (got.get("code"), got.get("message")):
            return None
        return {"expected": expect, "got": got, "input": step["input"]}
    parts = client.differences(step, expect["ok"], got["ok"])
    return {"input": step["input"], "parts": parts} if parts else None


def main(url, folder):
    summary = {"transcripts": 0, "calls": 0, "unsendable": 0, "behind": 0, "differences": []}
    server, client = Server(url), player.Player(url)
    for name in player.transcripts(folder):
        replay(server, client, name, summary)
    print(json.dumps(summary))


if __name__ == "__main__":
    main(*sys.argv[1:])
