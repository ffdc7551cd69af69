#!/usr/bin/env python3
"""DuckDB: the rollup of a folder of trails: rollup_duckdb.py FOLDER OUT.tsv [--once] [--resource] [--ndjson] [--threads N]

--once counts each eventID once, --resource groups by the first resource's ARN too, --ndjson reads a folder with one record a line instead
of `{"Records":[…]}`.
"""
import sys

import duckdb

folder, out = sys.argv[1:3]
threads = int(sys.argv[sys.argv.index("--threads") + 1]) if "--threads" in sys.argv else 2
# The columns that the rollup needs; the others are skipped.
COLUMNS = {
    "eventID": "VARCHAR", "eventTime": "VARCHAR", "eventSource": "VARCHAR", "eventName": "VARCHAR", "awsRegion": "VARCHAR", "errorCode": "VARCHAR",
    "recipientAccountId": "VARCHAR",
    "userIdentity": "STRUCT(arn VARCHAR, principalId VARCHAR, identityProvider VARCHAR, invokedBy VARCHAR,"
                    " sessionContext STRUCT(sessionIssuer STRUCT(arn VARCHAR)))",
}
resource = "--resource" in sys.argv
if resource:
    COLUMNS["resources"] = "STRUCT(ARN VARCHAR)[]"
struct = "STRUCT(" + ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items()) + ")"
if "--ndjson" in sys.argv:
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    records = f"read_json('{folder}/**/*.json.gz', format = 'newline_delimited', columns = {{{columns}}})"
else:
    # A document is one JSON value, and DuckDB wants to know how large the largest is.
    records = f"(SELECT r.* FROM (SELECT unnest(Records) AS r FROM read_json('{folder}/**/*.json.gz', format = 'unstructured'," \
              f" maximum_object_size = 268435456, columns = {{Records: '{struct}[]'}})))"
flat = f"""SELECT eventID, eventTime, eventSource || ':' || eventName AS action, recipientAccountId AS account, awsRegion AS region,
    errorCode AS error,
    coalesce(userIdentity.sessionContext.sessionIssuer.arn, userIdentity.arn, userIdentity.identityProvider,
             split_part(userIdentity.principalId, ':', 1), userIdentity.invokedBy) AS principal{", resources[1].ARN AS resource" if resource else ""}
    FROM {records}"""
if "--once" in sys.argv:
    flat = f"""SELECT any_value(eventTime) AS eventTime, any_value(action) AS action, any_value(account) AS account, any_value(region) AS region,
        any_value(error) AS error, any_value(principal) AS principal{", any_value(resource) AS resource" if resource else ""}
        FROM ({flat}) GROUP BY eventID"""
connection = duckdb.connect(config={"threads": threads})
keys = "principal, action, account, region, error" + (", resource" if resource else "")
connection.execute(f"""COPY (SELECT {keys}, count(*), min(eventTime), max(eventTime) FROM ({flat}) GROUP BY ALL)
    TO '{out}' (FORMAT csv, DELIMITER '\t', HEADER false, QUOTE '')""")
