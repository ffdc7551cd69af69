"""The table of exports against the models of the installed AWS CLI, and where its files stand in a bundle."""

import re
import tomllib
from pathlib import Path

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).resolve().parents[2]
ROWS = tomllib.loads((ROOT / "src/grants/data/exports.toml").read_text())["export"]
BY_ID = {row["id"]: row for row in ROWS}
SESSION = botocore.session.get_session()
# Options of the CLI's own for a flag of the API.
OWN_OPTIONS = {"--page-size": "MaxResults", "--all-regions": None, "--include-shadow-trails": None}


def service_of(row):
    service = row["command"].split()[0]
    return "s3" if service == "s3api" else service


def operation_of(row):
    model = SESSION.get_service_model(service_of(row))
    names = {xform_name(name, "-"): name for name in model.operation_names}
    return model.operation_model(names[row["command"].split()[1]])


def list_of_items(row):
    """Where the field of a row stands in the answer of its list: `Users[].UserName`, or `TableNames[]`."""
    field = row["items"]["field"]
    found = []
    for name, shape in operation_of(BY_ID[row["items"]["list"]]).output_shape.members.items():
        if shape.type_name == "list":
            if shape.member.type_name == "structure" and field in shape.member.members:
                found.append(name)
            elif name == field:
                found.append(name)
    return found


def values(row, answer):
    """The items that an answer of the row's list names."""
    found = []
    for name in list_of_items(row):
        for item in answer.get(name) or []:
            found.append(item if isinstance(item, str) else item.get(row["items"]["field"]))
    if row["id"] == "last-accessed":
        found = [arn for arn in found if re.match(r"arn:[^:]*:iam::\d*:(user|role)/", arn)]
    return [value for value in found if value]


def check():
    """Every command, option and field of the table exists, and nothing required is missing."""
    wrong = []
    for row in ROWS:
        try:
            operation = operation_of(row)
        except Exception as error:  # an unknown service or operation
            wrong.append(f"{row['id']}: {error!r}")
            continue
        options = {w for w in row["command"].split()[2:] if w.startswith("--")}
        known = {"--" + xform_name(name, "-") for name in operation.input_shape.members} if operation.input_shape else set()
        wrong += [f"{row['id']}: no option {o}" for o in options - known - set(OWN_OPTIONS)]
        needed = {"--" + xform_name(name, "-") for name in operation.input_shape.required_members} if operation.input_shape else set()
        wrong += [f"{row['id']}: lacks {o}" for o in needed - options]
        if "items" in row:
            homes = list_of_items(row)
            if len(homes) != 1 and row["id"] != "last-accessed":
                wrong.append(f"{row['id']}: field {row['items']['field']} stands in {homes}")
            keep = BY_ID[row["items"]["list"]].get("keep")
            if keep and row["items"]["field"] not in keep:
                wrong.append(f"{row['id']}: its list does not keep {row['items']['field']}")
    return wrong


def checksum(data):
    """What `cksum` prints."""
    crc = 0
    length = len(data)
    tail = []
    while length:
        tail.append(length & 0xFF)
        length >>= 8
    for byte in data + bytes(tail):
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc ^ 0xFFFFFFFF


def safe(item):
    """The item's id as a file name."""
    if re.fullmatch(r"[A-Za-z0-9_@+=,-][A-Za-z0-9._@+=,-]{0,199}", item):
        return item
    name = re.sub(rb"[^A-Za-z0-9._@+=,-]", b"_", item.encode()).decode()
    if name.startswith("."):
        name = "_" + name
    return f"{name[:180]}~{checksum(item.encode())}"


def pattern(row):
    """A regular expression of the row's files, with a group for each place."""
    seen = set()

    def place(match):
        name = match.group(1)
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>[^/]+)"

    return re.compile("".join(re.sub(r"\{(\w+)\}", place, part) if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", row["file"])))
