"""Compares two emulators of AWS with the strict cloud, and writes `docs/emulators.md`.

usage: python3 tests/cloud/clients/emulators.py

Runs the rules of the strict cloud (`cargo test --workspace --test rules`) for their transcripts, makes the
same calls to ministack and to moto by boto3, each in a virtual environment in the cache and on a free port of
loopback, and compares outcomes. Not part of the tests: what it shows is about other programs.
"""
import collections
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BOTO3 = "1.44.5"
ACCOUNT = "111122223333"
NAMED = re.compile(r"(Id|ID|Ids|Arn|ARN|Arns|Token|Marker|DNSName|IpAddress|CallerReference)$")
MORE = ("NextToken", "nextToken", "Marker", "NextMarker", "PaginationToken")
READS = ("Describe", "Get", "List", "Filter", "Simulate")
TITLES = {
    "acm": "ACM", "ec2": "EC2", "ecs": "ECS", "efs": "EFS", "elbv2": "ELB", "iam": "IAM", "kms": "KMS",
    "logs": "CloudWatch Logs", "resourcegroupstaggingapi": "Tagging", "route53": "Route 53",
    "secretsmanager": "Secrets Manager", "service-quotas": "Service Quotas", "sts": "STS",
}


class Emulator:
    """One emulator: what to install, how to start it and how to empty it."""

    def __init__(self, name, version, package, start, settings, reset):
        self.name, self.version, self.package = name, version, package
        self.start, self.settings, self.reset_path = start, settings, reset
        self.port, self.process = None, None

    def home(self):
        return os.path.join(cache(), f"emulator-{self.name}-{self.version}")

    def install(self):
        """Sets its virtual environment up, once."""
        environment(self.home(), f"{self.package}=={self.version}")

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        words = [word.format(port=self.port) for word in self.start]
        settings = {name: value.format(port=self.port) for name, value in self.settings.items()}
        self.process = subprocess.Popen(
            [os.path.join(self.home(), "bin", words[0]), *words[1:]], env={**os.environ, **settings},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        for _ in range(300):
            try:
                self.reset()
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"{self.name} does not start")

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)

    def reset(self):
        """Forgets all that was made."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", self.reset_path)
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{self.name} can't be reset: {answer.status}")


EMULATORS = [
    Emulator("ministack", "1.5.33", "ministack", ["ministack"], {"GATEWAY_PORT": "{port}"}, "/_ministack/reset"),
    Emulator("moto", "5.2.5", "moto[server]", ["moto_server", "-H", "127.0.0.1", "-p", "{port}"],
             {"MOTO_ACCOUNT_ID": ACCOUNT}, "/moto-api/reset"),
]


def environment(home, requirement):
    """Sets a virtual environment up with one package, once."""
    ready = os.path.join(home, "ready")
    if not os.path.exists(ready):
        venv.create(home, clear=True, with_pip=True)
        install = [os.path.join(home, "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, requirement], check=True)
        open(ready, "w", encoding="utf-8").close()


def cache():
    """The project's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.environ.get("JENKINSSTACK_CACHE") or os.path.join(home, "jenkinsstack")
    os.makedirs(folder, exist_ok=True)
    return folder


class Names:
    """What the emulator calls the things that the strict cloud has other ids for."""

    def __init__(self):
        self.known, self.unknown = {}, set()

    def learn(self, expected, got, key=""):
        """Takes ids from two answers to the same call; the first meeting counts."""
        if isinstance(expected, dict):
            for name, part in expected.items():
                self.learn(part, got.get(name) if isinstance(got, dict) else None, name)
        elif isinstance(expected, list):
            fits = isinstance(got, list) and len(got) == len(expected)
            for number, part in enumerate(expected):
                self.learn(part, got[number] if fits else None, key)
        elif isinstance(expected, str) and len(expected) >= 8 and NAMED.search(key):
            self.name(expected, got)

    def name(self, expected, got):
        """Takes one id."""
        if isinstance(got, str) and got:
            self.known.setdefault(expected, got)
            if "/" in expected and "/" in got:  # Route 53 takes ids with and without what stands before them
                self.known.setdefault(expected.rsplit("/", 1)[1], got.rsplit("/", 1)[1])
        else:
            self.unknown.add(expected)

    def apply(self, given):
        """The same input in the emulator's words; nothing if it names what the emulator has shown no id of."""
        text = json.dumps(given)
        if any(name in text for name in self.unknown - self.known.keys()):
            return None
        other = {name: word for name, word in self.known.items() if name != word and name in text}
        if other:
            longest_first = sorted(other, key=len, reverse=True)
            text = re.sub("|".join(map(re.escape, longest_first)), lambda found: other[found[0]], text)
        return json.loads(text)


def outcome(answer):
    """What came of a call, in a word."""
    if "code" in answer:
        code = answer["code"] or "no code"
        return f"HTTP {code}" if code.isdigit() else code
    return "ok, and more" if any(answer["ok"].get(name) for name in MORE) else "ok"


def reads(step):
    """Whether a call changes nothing."""
    return step["operation"].startswith(READS)


class Tally:
    """What was counted and found for one emulator."""

    def __init__(self):
        self.counts = collections.defaultdict(collections.Counter)
        self.kinds = collections.Counter()
        self.found = {}

    def play(self, emulator, client, name):
        """Plays one transcript."""
        emulator.reset()
        names, waited, apart, before = Names(), False, False, None
        test = os.path.basename(name)[: -len(".jsonl")]
        for step in client.steps(name):
            if "wait" in step:
                waited = True
            elif "reset" in step:
                emulator.reset()
                names, waited, apart = Names(), False, False
            elif "behind" not in step:
                what = reads(step) and (step["operation"], step["input"], outcome(step["expect"]))
                if not what or what != before:  # waiting for something is one question, however often it is asked
                    apart = self.step(client, step, names, (test, waited, apart)) or apart
                before = what

    def step(self, client, step, names, where):
        """Makes one call; whether the two accounts differ from now on."""
        test, waited, apart = where
        count = self.counts[step["service"]]
        given = None if apart else names.apply(step["input"])
        answer = given if given is None else client.call(step, given)
        if answer is None:
            count["apart"] += 1
            return False
        expected, got = outcome(step["expect"]), outcome(answer)
        if "ok" in step["expect"] and "ok" in answer:
            names.learn(step["expect"]["ok"], answer["ok"])
        when = "late" if waited else "early"
        count[f"{when} same" if expected == got else f"{when} other"] += 1
        if expected == got:
            return False
        self.kinds[kind(expected, got)] += 1
        self.found.setdefault(test, {}).setdefault((step["service"], step["operation"], expected), got)
        return not reads(step)


def kind(expected, got):
    """The kind of a difference."""
    if got.startswith("HTTP") or got in ABSENT:
        return "missing"
    if expected.startswith("ok"):
        return "pages" if got.startswith("ok") else "refused"
    return "accepted" if got.startswith("ok") else "code"


ABSENT = ("InvalidAction", "ResponseParserError", "InternalError", "InternalFailure", "no code")
KINDS = {
    "accepted": ("The emulator does what AWS refuses",
                 "The strict cloud: each refusal has its source in the table below. Code that is tested only against "
                 "the emulator meets these refusals on AWS for the first time."),
    "refused": ("The emulator refuses what AWS does",
                "The strict cloud: equal repeats that AWS answers, things that AWS still shows while they go away, "
                "resources of AWS itself, forms of names that AWS takes."),
    "code": ("Both refuse, with different codes",
             "The strict cloud: its codes are those of the API models and of the services' lists of error codes; a "
             "client that looks at codes would take the emulator's answer for another error."),
    "pages": ("The emulator cuts a listing elsewhere, or not at all",
              "The strict cloud: page sizes are those asked for, or documented. Where an emulator cuts a page and gives "
              "no token, the rest is lost."),
    "missing": ("The emulator does not have the call, or breaks",
                "The strict cloud, which has the call. `HTTP` is an answer without a code, `ResponseParserError` one that "
                "boto3 can't read."),
}


def transcripts(folder):
    """Runs the rules, which write down what they do."""
    subprocess.run(
        ["cargo", "test", "--quiet", "--workspace", "--test", "rules", "--", "--skip", "boto3::"],
        cwd=ROOT, env={**os.environ, "RULES_TRANSCRIPTS": folder}, check=True, stdout=subprocess.DEVNULL)


def rules():
    """Rule and source by test, from the table of rules."""
    found = {}
    with open(os.path.join(ROOT, "tests/cloud/RULES.md"), encoding="utf-8") as lines:
        for line in lines:
            cells = [part.replace("\\|", "|").strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == 4 and cells[3].startswith("`"):
                found[cells[3].strip("`").replace("::", ".")] = (cells[1], cells[2])
    return found


def cell(text):
    """A text in a table."""
    return text.replace("|", "\\|").replace("\n", " ")


COUNTS = {"early same": "same outcome", "early other": "other", "late same": "after a wait: same",
          "late other": "other", "apart": "not compared"}


def figures(tallies):
    """The table of counts by service."""
    heads = [f"{name}: {' | '.join(COUNTS.values())}" for name in tallies]
    lines = [f"| Service | Calls | {' | '.join(heads)} |", f"| --- | ---: |{' ---: |' * len(COUNTS) * len(tallies)}"]
    totals = [collections.Counter() for _ in tallies]
    services = sorted({service for tally in tallies.values() for service in tally.counts}, key=TITLES.get)
    for service in services:
        counts = [tally.counts[service] for tally in tallies.values()]
        for total, count in zip(totals, counts):
            total.update(count)
        lines.append(row(TITLES[service], counts))
    return lines + [row("**all**", totals)]


def row(title, counts):
    """One line of that table."""
    numbers = [str(count[key]) for count in counts for key in COUNTS]
    return f"| {title} | {sum(counts[0].values())} | {' | '.join(numbers)} |"


def kinds(tallies):
    """The table of the kinds of differences."""
    names = list(tallies)
    lines = [f"| Kind | {' | '.join(names)} | Who is right, and why |", f"| --- |{' ---: |' * len(names)} --- |"]
    for key, (title, right) in KINDS.items():
        counts = " | ".join(str(tallies[name].kinds[key]) for name in names)
        lines.append(f"| {title} | {counts} | {right} |")
    return lines


def differences(tallies, known):
    """Differences by service: one line for equal outcomes in the same rules."""
    found = collections.defaultdict(list)
    for test in sorted({test for tally in tallies.values() for test in tally.found}):
        for key in sorted({key for tally in tallies.values() for key in tally.found.get(test, {})}):
            says = tuple(tally.found.get(test, {}).get(key, "") for tally in tallies.values())
            found[key + says].append(test)
    groups = [(*key, tuple(tests)) for key, tests in found.items()]
    lines, service = [], None
    for group in sorted(joined(joined(groups, 2), 1), key=lambda group: (TITLES[group[0]], group)):
        if group[0] != service:
            service = group[0]
            heads = ["Operation", "Strict cloud", *tallies, "The rule, and its source"]
            lines += ["", f"### {TITLES[service]}", "", f"| {' | '.join(heads)} |", "| --- | --- | --- | --- | --- |"]
        said = [cell(part) or "=" for part in group[3:-1]]
        lines.append(f"| {group[1]} | {group[2]} | {' | '.join(said)} | {cell(why(group[-1], known))} |")
    return lines


def joined(groups, place):
    """Groups that differ only at one place as one, with both words there."""
    words = collections.defaultdict(list)
    for group in sorted(groups):
        words[group[:place] + group[place + 1:]].append(group[place])
    return [(*rest[:place], ", ".join(parts), *rest[place:]) for rest, parts in words.items()]


def why(tests, known):
    """The rule that a difference comes up in, and how many more there are."""
    told = [known[test] for test in tests if test in known]
    if not told:
        return "(no rule)"
    more = {1: "", 2: "; and one more rule"}.get(len(told), f"; and {len(told) - 1} more rules")
    return f"{told[0][0]} ({told[0][1]}){more}"


def text(tallies, known):
    """The report."""
    versions = " and ".join(f"{emulator.name} {emulator.version}" for emulator in EMULATORS)
    return [
        "# Emulators beside the strict cloud",
        "",
        f"What the rules of the strict cloud (`tests/cloud/RULES.md`) call, called by boto3 {BOTO3} on {versions}.",
        "Generated by `python3 tests/cloud/clients/emulators.py`; do not edit.",
        "",
        *INTRODUCTION,
        "",
        "## How often they agree",
        "",
        *figures(tallies),
        "",
        "## In what they differ",
        "",
        *kinds(tallies),
        "",
        "## Where they differ",
        "",
        *EXPLANATION,
        *differences(tallies, known),
    ]


INTRODUCTION = """\
Every rule begins with an empty account. Outcomes are compared: done, done with more pages to come, or refused with a
code; ids are translated. An emulator has no time, so calls behind a point where the rule lets time pass are counted
apart: there most outcomes are those of things that have long been ready. Not compared are calls behind a change with
another outcome, since the two accounts are no longer the same, and calls that name something of which the emulator
has shown no id. A read that is repeated until something is ready counts once. What the emulators answer beside the
outcome (members left out, states, defaults) is not compared here.""".split("\n")
EXPLANATION = """\
One line for outcomes that come up in the same rules, with one of these and the source that speaks for the strict cloud;
where that is "observed behaviour (not documented)" it is the weaker for it. `=` is the strict cloud's outcome, or that
the call was not compared.""".split("\n")


def main():
    """Plays all transcripts and writes the report."""
    for emulator in EMULATORS:
        emulator.install()
    client = os.path.join(cache(), f"boto3-{BOTO3}")
    environment(client, f"boto3=={BOTO3}")
    if os.path.realpath(sys.prefix) != os.path.realpath(client):
        python = os.path.join(client, "bin/python")
        os.execv(python, [python, os.path.abspath(__file__)])
    import player  # needs boto3
    tallies = {}
    with tempfile.TemporaryDirectory() as folder:
        transcripts(folder)
        for emulator in EMULATORS:
            tally = tallies[emulator.name] = Tally()
            with emulator:
                caller = player.Player(f"http://127.0.0.1:{emulator.port}", key=ACCOUNT)
                for name in player.transcripts(folder):
                    tally.play(emulator, caller, name)
    with open(os.path.join(ROOT, "docs/emulators.md"), "w", encoding="utf-8") as report:
        report.write("\n".join(text(tallies, rules())) + "\n")


if __name__ == "__main__":
    main()
