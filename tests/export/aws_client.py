"""Stands for `aws`: hands the call to aws_server.py."""

import json
import os
import socket
import sys

connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
connection.connect(os.environ["AWS_SERVER"])
request = {"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}
message = json.dumps(request).encode() + b"\n"
sent = socket.send_fds(connection, [message], [0, 1, 2])
connection.sendall(message[sent:])
code = connection.recv(1)
sys.exit(code[0] if code else 255)
