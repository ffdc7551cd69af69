"""Asks every query of `queries/` of Spark, on the tables that the built-in engine was asked about, and compares the rows in their order.

To be given to spark-submit: folder that `TRAILTRIM_QUERIES_TO` filled, folder of queries, plan.json with the store's columns.
"""

import concurrent.futures
import json
import math
import sys
import time
from pathlib import Path

SPARK = Path(__file__).parents[2] / "spark"
sys.path[:0] = [str(SPARK)]

import pyarrow.parquet as pq  # noqa: E402
import sqlglot  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

from trailtrim_job import Plan, State, register  # noqa: E402


def same(left, right):
    """Whether two cells are the same; numbers that are no integers to the last but three digits."""
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-12)
    return left == right and type(left) is type(right)


def compare(name, spark, sql, answer):
    """Asks one query; gives what is wrong, if anything."""
    wanted = pq.read_table(answer)
    try:
        asked = spark.sql(sql)
        rows = [tuple(row) for row in asked.collect()]
    except Exception as error:  # noqa: BLE001, whatever Spark says is the result
        return f"{name}: Spark says: {str(error)[:600]}"
    if asked.columns != wanted.column_names:
        return f"{name}: columns {asked.columns}, not {wanted.column_names}"
    expected = list(zip(*(column.to_pylist() for column in wanted.columns))) if wanted.num_columns else []
    if len(rows) != len(expected):
        missing, extra = set(expected) - set(rows), set(rows) - set(expected)
        return f"{name}: {len(rows)} rows, not {len(expected)}; missing {list(missing)[:2]}, extra {list(extra)[:2]}"
    for at, (row, other) in enumerate(zip(rows, expected)):
        for column, left, right in zip(asked.columns, row, other):
            if not same(left, right):
                return f"{name}: row {at}, {column}: Spark {left!r}, polars {right!r}"
    return None


def main():
    """Compares all; gives the exit code."""
    folder, queries, plan = map(Path, sys.argv[1:4])
    first = SparkSession.builder.appName("queries").getOrCreate()
    wrong, asked, rows = [], set(), 0
    for case in sorted(path for path in folder.iterdir() if path.is_dir()):
        for kind in ("store", "reports"):
            start = time.time()
            spark = first.newSession()  # with tables of its own
            if kind == "store":
                register(spark, Plan(plan.parent, plan.parent), State(case / "state"))
                for table in ("events", "event_actions", "grant_changes"):
                    spark.table(table).coalesce(1).cache().createOrReplaceTempView(table)
            for table in sorted((case / kind / "tables").glob("*.parquet")):
                spark.read.parquet(str(table)).cache().createOrReplaceTempView(table.stem)
            answers = sorted((case / kind / "answers").glob("*.parquet"))
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                problems = pool.map(lambda answer: compare(f"{case.name}, {answer.stem}", spark, (queries / f"{answer.stem}.sql").read_text(), answer), answers)
                wrong += [problem for problem in problems if problem]
            asked.update(answer.stem for answer in answers)
            rows += sum(pq.read_metadata(answer).num_rows for answer in answers)
            if kind == "store":
                # The query of use as Trino is asked it, by way of Spark's words.
                of_trino = sqlglot.transpile([s for s in sqlglot.parse((SPARK / "trino.sql").read_text(), read="trino") if s][-1].sql("trino"), read="trino", write="spark")[0]
                problem = compare(f"{case.name}, usage of trino.sql", spark, of_trino, case / kind / "answers/usage.parquet")
                wrong += [problem] if problem else []
            print(f"{case.name}, {kind}: {time.time() - start:.0f} s", file=sys.stderr)
    first.stop()
    for problem in wrong:
        print(problem)
    missing = {path.stem for path in queries.glob("*.sql")} - asked
    print(json.dumps({"queries": len(asked), "rows": rows, "differ": len(wrong), "not_asked": sorted(missing)}))
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main())
