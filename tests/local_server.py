"""What tests need that run the AWS CLI against a server on this machine."""

import socket
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(condition, what):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise SystemExit(f"{what} does not start")


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False
