"""The real AWS CLI without its start-up time: a server that has it loaded and forks for each call.

`aws_client.py` stands for `aws` on the PATH of the script under test; it hands over arguments, environment and
standard streams, and gets the exit code. Each call is logged. With MADE_UP set in the caller's environment no request
is sent: each answer is made up from the service's model, so that commands of services that no local server has are
still checked by the CLI itself and still give something to loop over.
"""

import gc
import json
import os
import re
import signal
import socket
import sys
import traceback

import awscli.clidriver
import botocore.session
from botocore import xform_name
from botocore.loaders import JSONFileLoader

# Set by the CLI when it is loaded.
DATA_PATH = os.environ["AWS_DATA_PATH"]
LOADED = {}
load_file = JSONFileLoader.load_file


def load_once(self, path):
    if path not in LOADED:
        LOADED[path] = load_file(self, path)
    return LOADED[path]


resolve = socket.getaddrinfo


def resolve_locally(host, *rest, **named):
    """`123456789012.localhost`, which the CLI makes of an endpoint, is this machine. No other may be called."""
    if not str(host).endswith("localhost"):
        raise socket.gaierror(socket.EAI_NONAME, f"{host} is not for tests")
    return resolve("127.0.0.1", *rest, **named)


def made_up(shape, name, depth=0):
    """A value of a shape: one thing in each list, each text named after its field."""
    kind = shape.type_name
    if kind == "structure":
        if depth > 5:
            return {}
        return {k: made_up(v, k, depth + 1) for k, v in shape.members.items() if not getattr(v, "is_document_type", False)}
    if kind == "list":
        return [made_up(shape.member, name, depth + 1)]
    if kind == "map":
        return {}
    if kind in ("integer", "long"):
        return 1
    if kind in ("float", "double"):
        return 1.0
    if kind == "boolean":
        return False
    if kind == "timestamp":
        return "2026-01-01T00:00:00+00:00"
    if kind == "blob":
        return b"QQ=="
    return text_of(name, shape)


def text_of(name, shape):
    if getattr(shape, "enum", None):
        return shape.enum[0]
    if name == "InstanceArn":
        return "arn:aws:sso:::instance/ssoins-1111"
    if name == "PermissionSets":
        return "arn:aws:sso:::permissionSet/ssoins-1111/ps-2222"
    if name == "LayerVersionArn":
        return "arn:aws:lambda:eu-central-1:111122223333:layer:tools:7"
    if name == "TrailARN":
        return "arn:aws:cloudtrail:eu-central-1:111122223333:trail/main"
    if name == "StackId":
        return "arn:aws:cloudformation:eu-central-1:111122223333:stack/made/up"
    if name in ("RegionName",):
        return "eu-central-1"
    if re.search(r"(?i)accountids?$|^account$", name):
        return "111122223333"
    if re.search(r"(?i)arns?$|^reportGroups$", name):
        return f"arn:aws:iam::111122223333:user/{name}"
    return f"made-{name}"


PAGES = re.compile(r"(?i)^(next_?token|marker|nextmarker|position|continuationtoken|next.*token|is_?truncated|lastevaluated.*|hasmore\w+)$")
FIXED = {
    "GetCallerIdentity": {"Account": "111122223333", "UserId": "AIDAMADEUP", "Arn": "arn:aws:iam::111122223333:user/collector"},
    "ListOrganizationalUnitsForParent": None,
    "GenerateCredentialReport": {"State": "COMPLETE"},
    "GenerateServiceLastAccessedDetails": {"JobId": "00000000-1111-2222-3333-444444444444"},
}


def answer(model, params, **_):
    """What `before-call` gives instead of a response."""
    name = model.name
    result = FIXED.get(name)
    if result is None:
        result = made_up(model.output_shape, name) if model.output_shape else {}
        tokens = [k for k in result if PAGES.match(k)]
        for token in tokens:
            del result[token]
        if "JobStatus" in result:
            result["JobStatus"] = "COMPLETED"
        body = json.dumps({k: str(v) for k, v in params.items() if k in ("body", "query_string", "url_path", "url")})
        if name == "ListOrganizationalUnitsForParent":
            # Two levels below the root.
            for unit in result["OrganizationalUnits"]:
                unit["Id"] = "ou-child" if "ou-top" in body else "ou-top"
            if "ou-child" in body:
                result["OrganizationalUnits"] = []
        if name == "ListAccounts":
            result["Accounts"] = [dict(result["Accounts"][0], Id=i, Status="ACTIVE", State="ACTIVE") for i in ("111122223333", "444455556666")]
            result["Accounts"].append(dict(result["Accounts"][0], Id="777788889999", Status="SUSPENDED", State="SUSPENDED"))
        if unpaged(model) and "second-page" not in body:
            # The CLI does not put these pages together: one more is to be asked for.
            result["Marker" if "Marker" in model.output_shape.members else "NextToken"] = "second-page=="
            if "IsTruncated" in model.output_shape.members:
                result["IsTruncated"] = True
    http = type("Http", (), {"status_code": 200, "headers": {}, "content": b"", "raw": None})()
    return http, dict(result, ResponseMetadata={"HTTPStatusCode": 200, "RetryAttempts": 0})


def unpaged(model):
    if not model.output_shape or not {"NextToken", "Marker"} & set(model.output_shape.members):
        return False
    loader = botocore.session.get_session().get_component("data_loader")
    try:
        pages = loader.load_service_model(model.service_model.service_name, "paginators-1")["pagination"]
    except Exception:
        pages = {}
    return model.name not in pages


def call(driver, arguments, environment, folder):
    os.environ.clear()
    os.environ.update(environment, AWS_DATA_PATH=DATA_PATH)
    os.chdir(folder)
    sys.argv = ["aws", *arguments]
    if environment.get("MADE_UP"):
        driver.session.register("before-call", answer)
    elif "AWS_ENDPOINT_URL" in environment and "sqs" in arguments:
        # Version 1 of the CLI has an endpoint of its own for SQS and forgets the variable.
        arguments = [*arguments, "--endpoint-url", environment["AWS_ENDPOINT_URL"]]
    return driver.main(arguments)


def serve(path, log, services):
    JSONFileLoader.load_file = load_once
    socket.getaddrinfo = resolve_locally
    driver = awscli.clidriver.create_clidriver()
    session = driver.session
    for service in services:
        session.get_service_model(service)
        for kind in ("paginators-1", "endpoint-rule-set-1", "waiters-2"):
            try:
                session.get_component("data_loader").load_service_model(service, kind)
            except Exception:
                pass
    gc.collect()
    gc.freeze()
    gc.disable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(64)
    while True:
        connection, _ = server.accept()
        message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
        while not message.endswith(b"\n"):
            message += connection.recv(1 << 20)
        request = json.loads(message)
        with open(log, "a", encoding="utf-8") as lines:
            lines.write(" ".join(request["arguments"]) + "\n")
        if os.fork() == 0:
            server.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            code = 255
            try:
                code = call(driver, request["arguments"], request["environment"], request["folder"])
            except SystemExit as stop:
                code = stop.code or 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                connection.sendall(bytes([code]))
                os._exit(0)
        for stream in streams:
            os.close(stream)
        connection.close()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], sys.argv[3:])
