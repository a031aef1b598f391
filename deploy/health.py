#!/usr/bin/env -S python -I
"""Ask the server of this container how it is: `gappt-graphql-health /readyz`. The exit code is 0 if all is well."""

import os
import sys
from http.client import HTTPConnection, HTTPException

try:
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("GAPPT_PORT", "8000")), timeout=4)
    connection.request("GET", sys.argv[1])
    answer = connection.getresponse()
    print(answer.status, answer.read(1000).decode())
    sys.exit(answer.status != 200)
except (OSError, HTTPException) as exception:
    sys.exit(f"No answer: {exception}")
