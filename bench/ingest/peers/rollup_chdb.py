#!/usr/bin/env python3
"""ClickHouse, in this process by chdb: the rollup of a folder of trails: rollup_chdb.py FOLDER OUT.tsv [--once] [--resource] [--threads N]

--once counts each eventID once, --resource groups by the first resource's ARN too.
"""
import sys

import chdb

folder, out = sys.argv[1:3]
threads = int(sys.argv[sys.argv.index("--threads") + 1]) if "--threads" in sys.argv else 2
# The fields that the rollup needs; the others are skipped. What is missing is ''.
RECORD = ("eventID String, eventTime String, eventSource String, eventName String, awsRegion String, errorCode String, recipientAccountId String,"
          " userIdentity Tuple(arn String, principalId String, identityProvider String, invokedBy String,"
          " sessionContext Tuple(sessionIssuer Tuple(arn String)))")
resource = "--resource" in sys.argv
if resource:
    RECORD += ", resources Array(Tuple(ARN String))"
flat = f"""SELECT r.eventID AS eventID, r.eventTime AS eventTime, concat(r.eventSource, ':', r.eventName) AS action, r.recipientAccountId AS account,
    r.awsRegion AS region, r.errorCode AS error, r.userIdentity AS who,{" r.resources[1].ARN AS resource," if resource else ""}
    multiIf(who.sessionContext.sessionIssuer.arn != '', who.sessionContext.sessionIssuer.arn, who.arn != '', who.arn,
            who.identityProvider != '', who.identityProvider, who.principalId != '', splitByChar(':', who.principalId)[1], who.invokedBy) AS principal
    FROM file('{folder}/**/*.json.gz', 'JSONEachRow', 'Records Array(Tuple({RECORD}))') ARRAY JOIN Records AS r"""
if "--once" in sys.argv:
    flat = f"""SELECT any(eventTime) AS eventTime, any(action) AS action, any(account) AS account, any(region) AS region, any(error) AS error,
        any(principal) AS principal{", any(resource) AS resource" if resource else ""} FROM ({flat}) GROUP BY eventID"""
keys = "principal, action, account, region, error" + (", resource" if resource else "")
chdb.query(f"""SELECT {keys}, count(), min(eventTime), max(eventTime) FROM ({flat})
    GROUP BY {keys} INTO OUTFILE '{out}' TRUNCATE FORMAT TSVRaw
    SETTINGS max_threads = {threads}, input_format_json_ignore_unknown_keys_in_named_tuple = 1,
        input_format_json_defaults_for_missing_elements_in_named_tuple = 1, input_format_json_read_numbers_as_strings = 1""")
