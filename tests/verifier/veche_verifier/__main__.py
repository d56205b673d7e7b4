"""The command line: `python3 -m veche_verifier verify FILE` and `python3 -m veche_verifier vectors DIRECTORY`."""

import argparse
import json
import sys

from . import audit, vectors

VALID, INVALID, UNUSABLE = 0, 1, 2


def main():
    """Carries the command out; the exit status is that of veche-audit."""
    parser = argparse.ArgumentParser(prog="veche_verifier", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="verify an audit file")
    verify.add_argument("file")
    verify.add_argument("--assembly", type=_id, help="the assembly's id as it has published it")
    verify.add_argument("--json", action="store_true", help="print the report as JSON")
    run = commands.add_parser("vectors", help="verify the test vectors below a directory")
    run.add_argument("directory")
    arguments = parser.parse_args()
    if arguments.command == "vectors":
        return vectors.run(arguments.directory)
    return _verify(arguments)


def _id(text):
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("an id has 64 digits 0-9 a-f")
    return bytes.fromhex(text)


def _verify(arguments):
    try:
        with open(arguments.file, "rb") as file:
            report = audit.Audit(file.read(), arguments.assembly).report
    except (OSError, audit.Unusable) as error:
        report = {"verdict": "unusable", "reason": str(error)}
    print(json.dumps(report, indent=2, ensure_ascii=False) if arguments.json else "\n".join(_text(report)))
    return {"valid": VALID, "invalid": INVALID}.get(report["verdict"], UNUSABLE)


def _text(report):
    if report["verdict"] == "unusable":
        yield f"UNUSABLE: {report['reason']}"
        return
    yield f"Assembly   {_printable(report['name'])}"
    yield f"Id         {report['assembly']}"
    quorum = report["cosignatures"]
    yield f"Journal    {report['entries']} entries, cosigned by {quorum['cosigned']} witnesses ({quorum['needed']} needed), by {quorum['post_quantum']} also with ML-DSA-44"
    for motion in report["motions"]:
        yield f"Motion     {_printable(motion['title'])} ({motion['kind']}, {motion['phase']})"
        if motion["counts"]:
            counts = ", ".join(f"{choice} {votes}" for choice, votes in motion["counts"].items())
            yield f"           {counts}: {'adopted' if motion['adopted'] else 'not adopted'}"
        if motion["options"]:
            options, names = motion["options"], motion["question"]["options"]
            turnout = ", ".join(f"{name} {options[name]}" for name in ("valid", "abstain", "spoilt"))
            yield f"           {turnout}: {'adopted' if motion['adopted'] else 'not adopted'}"
            for what in ("elected", "tied"):
                for option in options[what]:
                    yield f"           {what}: {_printable(names[option])}"
        for finding in motion["findings"]:
            yield f"           {finding['rule']} {finding['text']}"
    for finding in report["findings"]:
        yield f"Finding    {finding['rule']} {finding['text']}"
    for breach in report["breaches"]:
        yield f"Broken     {breach['rule']} {breach['text']}"
    yield report["verdict"].upper()


def _printable(text):
    return "".join(char if char.isprintable() else " " for char in text)


if __name__ == "__main__":
    sys.exit(main())
