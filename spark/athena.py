"""Writes athena.sql and trino.sql beside this file: the Hive tables of a state folder and of the job's answers, and the query of use.

Made from what `trailtrim shares` says of the store's columns and large queries (its plan.json), so that there is one list of columns and
one definition of use. `--check` compares instead, and fails where a file is not what it would be. Needs sqlglot (tests/spark/requirements.txt).
"""

import argparse
import json
import sys
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

HERE = Path(__file__).parent
#: Our type: Athena's (Hive's words) and Trino's.
TYPES = {"text": ("string", "varchar"), "bigint": ("bigint", "bigint"), "boolean": ("boolean", "boolean")}
#: Tables that the program sees without the events that later records replaced.
WITHOUT_REPLACED = ("events", "event_actions")
HEAD = """-- The tables of a state folder and of the job's answers, and the query of use, for {engine}. Made by spark/athena.py; do not edit.
-- Put your bucket's places for s3://YOUR-BUCKET/…; {partitions}
"""
PARTITIONS = {
    "athena": "partitions are worked out from the days in the tables' properties.",
    "trino": "partitions are found by CALL system.sync_partition_metadata('trailtrim', '<table>', 'FULL').",
}


def stored(table):
    """What a table of the store is called where a view takes its name."""
    return f"stored_{table}" if table in WITHOUT_REPLACED else table


def athena_table(name, place, columns, partition, first):
    """An external table in Athena's words; columns are name and type."""
    lines = ",\n".join(f"    `{column}` {TYPES[kind][0]}" for column, kind in columns if column != partition)
    return (
        f"CREATE EXTERNAL TABLE `{name}` (\n{lines}\n)\nPARTITIONED BY (`{partition}` string)\nSTORED AS PARQUET\nLOCATION '{place}'\nTBLPROPERTIES (\n"
        f"    'projection.enabled' = 'true',\n    'projection.{partition}.type' = 'date',\n    'projection.{partition}.format' = 'yyyy-MM-dd',\n"
        f"    'projection.{partition}.range' = '{first},NOW'\n)"
    )


def trino_table(name, place, columns, partition, _first):
    """An external table in Trino's words: the column of partitions comes last."""
    lines = ",\n".join(f"    {column} {TYPES[kind][1]}" for column, kind in [c for c in columns if c[0] != partition] + [(partition, "text")])
    return f"CREATE TABLE {name} (\n{lines}\n)\nWITH (\n    format = 'PARQUET',\n    external_location = '{place}',\n    partitioned_by = ARRAY['{partition}']\n)"


def view(table, columns):
    """A table of the store without the events that later records replaced."""
    names = ",\n".join(f"    a.{column} AS {column}" for column, _ in columns)
    return (
        f"CREATE VIEW {table} AS\nSELECT\n{names}\nFROM {stored(table)} AS a\n"
        f"WHERE NOT EXISTS (SELECT 1 FROM stored_events AS r WHERE r.replaces = a.event_id)"
    )


def answer_columns(sql, tables):
    """Name and type of each column of a query's answer."""
    types = {"text": "VARCHAR", "bigint": "BIGINT", "boolean": "BOOLEAN"}
    schema = {table: {name: types[kind] for name, kind in columns} for table, columns in tables.items()}
    schema["params"] = {"as_of_ms": "BIGINT", "window_start_ms": "BIGINT"}
    # Of this function sqlglot does not know the type.
    parsed = sqlglot.parse_one(sql, read="trino").transform(lambda node: exp.cast(node.copy(), "VARCHAR") if isinstance(node, exp.SplitPart) else node)
    query = annotate_types(qualify(parsed, schema=schema, dialect="trino"), schema=schema, dialect="trino")
    names = {exp.DataType.Type.VARCHAR: "text", exp.DataType.Type.BIGINT: "bigint", exp.DataType.Type.INT: "bigint", exp.DataType.Type.BOOLEAN: "boolean"}
    return [(column.alias_or_name, names[column.type.this]) for column in query.selects]


def text(engine, plan):
    """All statements for an engine."""
    tables = {name: [(c["name"], c["type"]) for c in columns] for name, columns in plan["tables"].items()}
    table = {"athena": athena_table, "trino": trino_table}[engine]
    statements = [table(stored(name), f"s3://YOUR-BUCKET/state/{name}/", columns, "date", "2013-11-01") for name, columns in tables.items()]
    statements += [view(name, tables[name]) for name in WITHOUT_REPLACED]
    statements.append(
        "-- From when to when use counts, in milliseconds since 1970 UTC: 90 days before 2026-11-01.\n"
        "CREATE VIEW params AS\nSELECT CAST(1793491200000 AS BIGINT) AS as_of_ms, CAST(1785715200000 AS BIGINT) AS window_start_ms"
    )
    for told in plan["views"]:
        tables[told["name"]] = answer_columns(told["sql"], tables)
        statements.append(f"CREATE VIEW {told['name']} AS\n" + transpiled(engine, told["sql"]))
    for name, sql in sorted(plan["queries"].items()):
        columns = answer_columns(sql, tables)
        statements.append(table(f"answer_{name}", f"s3://YOUR-BUCKET/tables/{name}/", columns, "as_of", "2026-01-01"))
    statements.append("-- queries/usage.sql\n" + usage(engine, plan))
    return HEAD.format(engine=engine.capitalize(), partitions=PARTITIONS[engine]) + "".join(f"\n{statement};\n" for statement in statements)


def usage(engine, plan):
    """The query of use in an engine's words."""
    return transpiled(engine, plan["queries"]["usage"])


def transpiled(engine, sql):
    """A query in an engine's words."""
    return sqlglot.transpile(sql, read="trino", write=engine, pretty=True, comments=False)[0]


def main():
    """Writes or checks; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plan", type=Path, help="plan.json of `trailtrim shares`")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file would be another")
    args = parser.parse_args()
    plan = json.loads(args.plan.read_text())
    stale = 0
    for engine in PARTITIONS:
        path, fresh = HERE / f"{engine}.sql", text(engine, plan)
        if not args.check:
            path.write_text(fresh)
        elif not path.exists() or path.read_text() != fresh:
            print(f"{path} is not what {Path(__file__).name} makes", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
