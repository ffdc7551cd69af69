#!/usr/bin/env python3
"""The same rollup of trailtrim's own event store, read by DuckDB: rollup_store.py STATE OUT.tsv. Only checks; it is not measured."""
import sys

import duckdb

state, out = sys.argv[1:3]
duckdb.execute(f"""COPY (SELECT coalesce(principal_arn, principal_key), event_source || ':' || event_name, account, region, error_code, count(*),
        strftime(make_timestamp(min(event_time_ms) * 1000), '%Y-%m-%dT%H:%M:%SZ'),
        strftime(make_timestamp(max(event_time_ms) * 1000), '%Y-%m-%dT%H:%M:%SZ')
        FROM read_parquet('{state}/events/**/part-*.parquet', union_by_name = true) GROUP BY 1, 2, 3, 4, 5)
    TO '{out}' (FORMAT csv, DELIMITER '\t', HEADER false, QUOTE '')""")
