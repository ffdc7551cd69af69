"""Takes log files in on a Spark cluster: `trailtrim ingest` on many machines, one state folder in the end. To be given to spark-submit.

1. The driver has `trailtrim shares` list the logs and cut them up.
2. A task takes each share in: `trailtrim ingest --logs -` into a folder of its own, which gets its name by one rename.
3. Of events that several shares have, Spark keeps the copy that one machine would have kept.
4. Part files and one entry of the ledger are put into the state folder: `trailtrim analyze --state` reads it as it is.
5. The large queries that the program has built in are asked of that state; the answers are Hive tables.

Logs (unless in S3), --work and --state are on storage that all machines see under the same path. docs/spark.md has the rest.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import datetime
import fcntl
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
import zlib
from pathlib import Path
from typing import Any, Iterable, Iterator

from pyspark import SparkFiles, TaskContext
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

#: Exit codes of `trailtrim ingest`: done, some input was rejected; and what is no fault of a log file.
DONE, PARTIAL = 0, 4
NO_FAULT_OF_A_FILE = {1, 2, 5}
#: Exit code of the job when another one holds a folder.
HELD = 5
#: So many files of one share may bring the program down before the program, or the machine, is suspected instead.
MOST_POISONED = 10
#: How many rejections are named on standard error. All of them stand in the ledger.
SHOWN = 20
#: What the store's types are called in Spark.
TYPES = {"text": "STRING", "bigint": "BIGINT", "boolean": "BOOLEAN"}
#: Share, table and part file of a path below the folder of shares.
PART = r"/([0-9a-f]{16})/([a-z_]+)/(date=[^/]+/part-[^/]+)$"
#: The number of what the state holds already: it was there before any share.
STORED = -1

Entry = dict[str, Any]


class JobError(Exception):
    """Why the job stopped, for people."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


# --- A share: what a task does ---------------------------------------------------------------------------------------------------


def program(given: str) -> str:
    """The program's path: what `spark-submit --files` brought under this name, else the name itself."""
    if "/" not in given:
        shipped = Path(SparkFiles.get(given))
        if shipped.exists():
            shipped.chmod(0o755)
            return str(shipped)
    return given


def run(command: list[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Runs the program to its end."""
    try:
        return subprocess.run(command, input=given, capture_output=True, check=False)
    except OSError as error:
        raise JobError(f"cannot run `{command[0]}`: {error}") from error


def last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    """The end of what the program said on standard error."""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1][:500] if lines else "no message"


def ended(code: int) -> str:
    """An exit code in words."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def take_in(share: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Takes one share in, once: the folder of a share is there whole or not at all, whoever else takes the same share in."""
    final = Path(settings["shares"], share["id"])
    if final.exists():
        return {"id": share["id"], "reused": True, **json.loads((final / "share.json").read_text())}
    fresh = final.with_name(f".{share['id']}-{uuid.uuid4().hex}")
    places = Path(settings["plan"], share["list"]).read_bytes().split(b"\0")[:-1]
    names = Path(settings["plan"], share["names"]).read_bytes().decode().split("\0")[:-1]
    command = [program(settings["trailtrim"]), "ingest", "--quiet", "--logs", "-", "--state", str(fresh), *settings["options"]]
    # A crash may be the machine's fault: only a second one, perhaps elsewhere, makes files suspect.
    is_second = TaskContext.get().attemptNumber() > 0
    try:
        code, poisoned = ingest(command, list(zip(places, names)), is_second)
        told = {"exit_code": code, "poisoned": poisoned}
        fresh.mkdir(exist_ok=True)
        (fresh / "share.json").write_text(json.dumps(told))
        with contextlib.suppress(OSError):
            fresh.rename(final)
        if not final.exists():
            raise JobError(f"cannot rename `{fresh}` to `{final}`")
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return {"id": share["id"], "reused": False, **json.loads((final / "share.json").read_text())}


def ingest(command: list[str], files: list[tuple[bytes, str]], may_search: bool) -> tuple[int, list[Entry]]:
    """Runs ingest on files; gives the exit code, and the files that bring the program down as entries of the ledger.

    What was taken in before the program went down stays: the next run goes on there.
    """
    done = run(command, b"".join(place + b"\0" for place, _ in files))
    if done.returncode in (DONE, PARTIAL):
        return done.returncode, []
    if done.returncode in NO_FAULT_OF_A_FILE or not may_search:
        raise JobError(f"trailtrim ingest: {ended(done.returncode)}: {last_words(done)}")
    if len(files) == 1:
        return PARTIAL, [poisoned(*files[0], f"cannot be read: the program ended with {ended(done.returncode)}")]
    code, found = DONE, []
    for half in (files[: len(files) // 2], files[len(files) // 2 :]):
        of_half, more = ingest(command, half, may_search)
        code, found = max(code, of_half), found + more
        if len(found) > MOST_POISONED:
            raise JobError(f"trailtrim ingest goes down on many files, last {found[-1]['path']!r}: {last_words(done)}")
    return code, found


def poisoned(place: bytes, name: str, reason: str) -> Entry:
    """The entry of a file that could not be read; without a hash it is looked at again next time."""
    try:
        size = os.path.getsize(place)
    except OSError:
        size = 0
    rejection = {"record": None, "field": "", "reason": reason}
    return {"path": name, "bytes": size, "sha256": "", "records_read": 1, "kept": 0, "duplicate": 0, "rejections": [rejection]}


def url(path: Path | str) -> str:
    """A path as Spark takes it, whatever its usual file system is."""
    return f"file://{path}"


# --- The plan --------------------------------------------------------------------------------------------------------------------


class Plan:
    """What `trailtrim shares` wrote, below the work folder."""

    def __init__(self, folder: Path, shares: Path) -> None:
        told = json.loads((folder / "plan.json").read_text())
        self.folder = folder
        self.shares_folder = shares
        self.schema: int = told["schema"]
        self.shares: list[dict[str, Any]] = told["shares"]
        self.files: int = told["files"]
        self.bytes: int = told["bytes"]
        self.tables: dict[str, list[dict[str, str]]] = told["tables"]
        self.views: list[dict[str, str]] = told["views"]
        self.queries: dict[str, str] = told["queries"]

    def columns(self, table: str, only: Iterable[str] | None = None) -> str:
        """A table's columns as Spark wants them told."""
        wanted = None if only is None else set(only)
        return ", ".join(f"{c['name']} {TYPES[c['type']]}" for c in self.tables[table] if wanted is None or c["name"] in wanted)

    def ledgers(self, share: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The entries of the ledger that a share wrote, in order of their files."""
        for path in sorted(Path(self.shares_folder, share["id"], "ledger").glob("batch-*.json")):
            batch = json.loads(path.read_text())
            if batch["schema"] != self.schema:
                raise JobError(f"`{path}` has schema {batch['schema']}, the plan {self.schema}: the machines have several versions of the program")
            yield batch

    def parts(self, share: dict[str, Any], table: str) -> list[str]:
        """The part files of a table that a share wrote, relative to its folder."""
        return [part for batch in self.ledgers(share) for part in batch["parts"] if part.startswith(f"{table}/")]


def make_plan(args: argparse.Namespace, work: Path) -> Plan:
    """Has the logs listed and cut up. The same files give the same plan, in the same folder."""
    fresh = work / f"plan.new-{uuid.uuid4().hex}"
    chosen = [word for name in ("account", "region") for value in getattr(args, name) for word in (f"--{name}", value)]
    chosen += [word for name in ("since", "until") if getattr(args, name) for word in (f"--{name}", getattr(args, name))]
    done = run([program(args.trailtrim), "shares", "--bytes", str(args.share_bytes), "--out", str(fresh), *chosen, "--logs", *args.logs])
    if done.returncode:
        raise JobError(f"trailtrim shares: {ended(done.returncode)}: {last_words(done)}", 2 if done.returncode == 2 else 1)
    shares = json.loads((fresh / "plan.json").read_text())["shares"]
    # What is made of the files depends on the settings as well.
    identity = [args.state, args.settings, [share["id"] for share in shares]]
    folder = work / ("plan-" + hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16])
    if folder.exists():
        shutil.rmtree(fresh)
    else:
        fresh.rename(folder)
    return Plan(folder, folder / "shares")


# --- The state folder ------------------------------------------------------------------------------------------------------------


class State:
    """The ledger of a state folder: which part files count, and which files were taken in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: list[str] = []
        self.known: set[bytes] = set()
        for path in sorted(folder.glob("ledger/batch-*.json")):
            batch = json.loads(path.read_text())
            self.parts += batch["parts"]
            # A file that was refused for want of a digest is not in the store.
            self.known.update(key(entry) for entry in batch["files"] if entry.get("digest") in (None, "verified"))

    def paths(self, table: str, days: set[str] | None = None) -> list[str]:
        """The paths of a table's part files, of some days or all."""
        return [url(self.folder / part) for part in sorted(self.parts) if part.startswith(f"{table}/") and (days is None or day_of(part) in days)]


def key(entry: Entry) -> bytes:
    """By what the ledger knows a file: name, size and hash."""
    return hashlib.blake2b(f"{entry['path']}\0{entry['bytes']}\0{entry['sha256']}".encode(), digest_size=16).digest()


def day_of(part: str) -> str:
    """The day of a part file."""
    return part.split("/")[1].removeprefix("date=")


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds a folder as the program does."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JobError(f"another run holds `{folder}`", HELD) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def put(source: Path, target: Path) -> None:
    """Puts a file where it belongs, whole or not at all: a second name for it where the file system has such, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
    os.replace(temporary, target)


# --- Putting shares together -----------------------------------------------------------------------------------------------------


class Merge:
    """Shares that were taken in, on their way into the state folder."""

    def __init__(self, spark: SparkSession, plan: Plan, state: State, poisoned: list[Entry]) -> None:
        self.spark, self.plan, self.state, self.poisoned = spark, plan, state, poisoned
        self.folder = plan.folder / "merge"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        rows = [(share["id"], number, share["batch"], share["is_piece"]) for number, share in enumerate(plan.shares)]
        self.numbers = F.broadcast(spark.createDataFrame(rows, "share STRING, number INT, batch INT, is_piece BOOLEAN"))
        self.days = {day for batch in self.batches() for day in itertools.chain(batch["days"], map(day_of, batch["parts"]))}

    def batches(self) -> Iterator[dict[str, Any]]:
        """All entries of ledgers of all shares."""
        return itertools.chain.from_iterable(map(self.plan.ledgers, self.plan.shares))

    def read(self, paths: list[str], columns: str) -> DataFrame:
        """Part files of shares, with the number of the share and the part file that each row is from."""
        rows = self.spark.read.schema(columns).option("recursiveFileLookup", True).parquet(*paths)
        path = F.col("_metadata.file_path")
        return rows.withColumn("share", F.regexp_extract(path, PART, 1)).withColumn("part", F.regexp_extract(path, PART, 3)).join(self.numbers, "share")

    def lost(self) -> DataFrame | None:
        """The copies that are not kept: event, number of its share, part file and source file. `None` where shares have no events.

        Kept is what the state has; else the copy of the first batch; among pieces of one batch the copy that names its caller, else the
        first share's (src/ingest/shares.rs has why).
        """
        folders = [self.plan.shares_folder / share["id"] / "events" for share in self.plan.shares]
        paths = [url(folder) for folder in folders if folder.is_dir()]
        if not paths:
            return None
        own = self.read(paths, self.plan.columns("events", ["event_id", "principal_type", "source_file"]))
        is_other_side = F.col("is_piece") & F.col("principal_type").eqNullSafe("AWSAccount")
        copies = own.select("event_id", F.struct("batch", is_other_side.cast("INT").alias("side"), "number").alias("place"))
        stored = self.state.paths("events", self.days)
        if stored:
            before = self.spark.read.schema("event_id STRING").option("recursiveFileLookup", True).parquet(*stored)
            copies = copies.unionByName(before.select("event_id", F.struct(*(F.lit(STORED).alias(n) for n in ("batch", "side", "number"))).alias("place")))
        several = copies.groupBy("event_id").agg(F.count("*").alias("copies"), F.min("place").alias("best")).where("copies > 1")
        lost = own.join(several, "event_id").where("number <> best.number").select("event_id", "number", "part", "source_file")
        lost.write.parquet(url(self.folder / "lost"))
        return self.spark.read.schema("event_id STRING, number INT, part STRING, source_file STRING").parquet(url(self.folder / "lost"))

    def survivors(self, table: str, touched: set[tuple[int, str]], lost: DataFrame) -> DataFrame | None:
        """The rows of part files that have events which are not kept, without these."""
        paths = []
        for number, share in enumerate(self.plan.shares):
            for part in self.plan.parts(share, table):
                if (number, part.removeprefix(f"{table}/")) in touched:
                    paths.append(url(self.plan.shares_folder / share["id"] / part))
        if not paths:
            return None
        names = [c["name"] for c in self.plan.tables[table]]
        rows = self.read(paths, self.plan.columns(table)).join(lost.select("event_id", "number"), ["event_id", "number"], "left_anti")
        order = ["account", "event_time_ms", "event_id", *(name for name in names if name not in ("account", "event_time_ms", "event_id"))]
        return rows.repartition("number", "part").withColumn("day", F.col("date")).sortWithinPartitions("day", *order).select("day", *names)

    def rewrite(self, lost: DataFrame) -> tuple[set[tuple[int, str]], list[tuple[Path, str]]]:
        """Writes part files anew that have events which are not kept. Gives these, and the new files with the folders they belong into."""
        touched = {(row["number"], row["part"]) for row in lost.select("number", "part").distinct().collect()}
        fresh = []
        for table in self.plan.tables:
            rows = self.survivors(table, touched, lost) if touched else None
            if rows is not None:
                out = self.folder / table
                rows.write.partitionBy("day").option("compression", "zstd").parquet(url(out))
                fresh += [(path, f"{table}/date={path.parent.name.removeprefix('day=')}") for path in sorted(out.glob("day=*/*.parquet"))]
        return touched, fresh

    def entries(self, lost: dict[tuple[int, str], int]) -> Iterator[Entry]:
        """The entry of every file that the state does not know, with copies that other shares have counted as duplicates."""
        for number, share in enumerate(self.plan.shares):
            for entry in itertools.chain.from_iterable(batch["files"] for batch in self.plan.ledgers(share)):
                copies = lost.get((number, entry["path"]), 0)
                entry["kept"] -= copies
                entry["duplicate"] += copies
                if key(entry) not in self.state.known:
                    yield entry
        yield from (entry for entry in self.poisoned if key(entry) not in self.state.known)

    def commit(self) -> dict[str, Any]:
        """Puts everything into the state folder, where one rename makes it visible. Gives the counts."""
        lost = self.lost()
        counts: dict[tuple[int, str], int] = {}
        touched: set[tuple[int, str]] = set()
        fresh: list[tuple[Path, str]] = []
        if lost is not None:
            counts = {(row["number"], row["source_file"]): row["count"] for row in lost.groupBy("number", "source_file").count().collect()}
            touched, fresh = self.rewrite(lost)
        totals, identity = count(self.entries(counts))
        name = f"ledger/batch-{identity}.json"
        if totals["files"] == 0:
            return {**totals, "ledger": None}
        if (self.state.folder / name).exists():
            raise JobError(f"`{name}` is there already, and its files are not known")
        parts = {}
        for number, share in enumerate(self.plan.shares):
            sums = {part: told for batch in self.plan.ledgers(share) for part, told in batch["sums"].items()}
            for table in self.plan.tables:
                for part in self.plan.parts(share, table):
                    if (number, part.removeprefix(f"{table}/")) not in touched:
                        put(self.plan.shares_folder / share["id"] / part, self.state.folder / part)
                        parts[part] = sums[part]
        for at, (path, folder) in enumerate(fresh):
            part = f"{folder}/part-{identity}-{at:05}.parquet"
            parts[part] = sum_of(path)
            put(path, self.state.folder / part)
        write_ledger(self.state.folder / name, self.plan.schema, self.entries(counts), dict(sorted(parts.items())), sorted(self.days))
        return {**totals, "ledger": name}


def count(entries: Iterable[Entry]) -> tuple[dict[str, Any], str]:
    """What entries add up to, and a hash of what was taken in."""
    totals: dict[str, Any] = dict.fromkeys(("files", "records_read", "kept", "duplicate", "rejected", "unread"), 0)
    by_reason: collections.Counter[str] = collections.Counter()
    named: list[str] = []
    identity = hashlib.sha256()
    for entry in entries:
        identity.update(key(entry))
        read, kept, duplicate, rejected = entry["records_read"], entry["kept"], entry["duplicate"], len(entry["rejections"])
        if read != kept + duplicate + rejected or kept < 0:
            raise JobError(f"the ledger does not balance: {entry['path']!r}: read {read}, kept {kept}, duplicate {duplicate}, rejected {rejected}")
        for name, number in (("files", 1), ("records_read", read), ("kept", kept), ("duplicate", duplicate), ("rejected", rejected), ("unread", not entry["sha256"])):
            totals[name] += number
        for rejection in entry["rejections"]:
            by_reason[rejection["reason"].split(":")[0]] += 1
            if len(named) < SHOWN:
                place = "" if rejection["record"] is None else f"record {rejection['record']}, "
                named.append(f"{entry['path']}: {place}{rejection['field'] and rejection['field'] + ', '}{rejection['reason']}")
    return {**totals, "by_reason": dict(sorted(by_reason.items())), "rejections": named}, identity.hexdigest()[:16]


def sum_of(path: Path) -> dict[str, int]:
    """Size and checksum of a part file, as the ledger keeps them."""
    crc, size = 0, 0
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            crc, size = zlib.crc32(piece, crc), size + len(piece)
    return {"bytes": size, "crc32": crc}


def write_ledger(path: Path, schema: int, entries: Iterable[Entry], parts: dict[str, dict[str, int]], days: list[str]) -> None:
    """Writes an entry of the ledger, one file after the other: there may be millions. Parts come with their checksums."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(f'{{"schema": {schema}, "files": [')
        for at, entry in enumerate(entries):
            file.write(("," if at else "") + "\n" + json.dumps(entry))
        file.write(f'\n], "parts": {json.dumps(list(parts), indent=1)}, "sums": {json.dumps(parts)}, "days": {json.dumps(days)}}}\n')
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


# --- The large queries -----------------------------------------------------------------------------------------------------------


def register(spark: SparkSession, plan: Plan, state: State) -> None:
    """Makes the store's tables known to SQL as the program sees them: an event that a later record replaced is not there."""
    frames = {}
    for table in plan.tables:
        paths = state.paths(table)
        reader = spark.read.schema(plan.columns(table)).option("recursiveFileLookup", True)
        frames[table] = reader.parquet(*paths) if paths else spark.createDataFrame([], plan.columns(table))
    replaced = frames["events"].where("replaces IS NOT NULL").select(F.col("replaces").alias("event_id")).distinct()
    for table in ("events", "event_actions"):
        frames[table] = frames[table].join(replaced, "event_id", "left_anti")
    for table, frame in frames.items():
        frame.createOrReplaceTempView(table)
    for view in plan.views:
        spark.sql(view["sql"]).createOrReplaceTempView(view["name"])


def write_tables(spark: SparkSession, plan: Plan, state: State, args: argparse.Namespace) -> dict[str, str]:
    """Asks the large queries; each answer is a partition of a Hive table, and takes the place of an earlier one for that day."""
    end = int(args.now.timestamp() * 1000)
    register(spark, plan, state)
    params = spark.createDataFrame([(end, end - args.window * 86_400_000)], "as_of_ms BIGINT, window_start_ms BIGINT")
    params.createOrReplaceTempView("params")
    written = {}
    for name in args.only or sorted(plan.queries):
        if name not in plan.queries:
            raise JobError(f"no large query `{name}`; there are {', '.join(sorted(plan.queries))}", 2)
        folder = f"{args.tables.rstrip('/')}/{name}/as_of={args.now.astimezone(datetime.timezone.utc).date()}"
        spark.sql(plan.queries[name]).write.mode("overwrite").option("compression", "zstd").parquet(folder)
        written[name] = folder
    return written


# --- The job ---------------------------------------------------------------------------------------------------------------------


def decode(spark: SparkSession, plan: Plan, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Has every share taken in."""
    if not plan.shares:
        return []
    context = spark.sparkContext
    plan.shares_folder.mkdir(exist_ok=True)
    options = ["--threads", context.getConf().get("spark.task.cpus", "1"), *args.settings]
    settings = {"trailtrim": args.trailtrim, "plan": str(plan.folder), "shares": str(plan.shares_folder), "options": options}
    tasks = context.parallelize(plan.shares, len(plan.shares))
    try:
        return tasks.map(lambda share: take_in(share, settings)).collect()
    except Exception as error:
        reasons = [line.split("JobError:", 1)[1].strip() for line in str(error).splitlines() if "JobError:" in line]
        raise JobError(reasons[0] if reasons else f"a share was not taken in: {error}") from error


class Watch:
    """How many seconds each step took."""

    def __init__(self) -> None:
        self.start, self.seconds = time.monotonic(), {}

    def lap(self, step: str) -> None:
        """A step is over."""
        self.seconds[step] = round(time.monotonic() - self.start, 1)
        self.start = time.monotonic()


def put_together(spark: SparkSession, plan: Plan, args: argparse.Namespace, watch: Watch) -> dict[str, Any]:
    """Takes the shares in and puts them into the state folder, unless that was done before and no file is to be looked at again."""
    mark = plan.folder / "committed.json"
    folder = Path(args.state)
    if mark.exists():
        told = json.loads(mark.read_text())
        if told["ledger"] is None or (folder / told["ledger"]).exists():
            return {**told, "committed_before": True}
    done = decode(spark, plan, args)
    watch.lap("ingest")
    poisoned = [entry for share in done for entry in share["poisoned"]]
    # What a killed run left is swept by the program itself.
    swept = run([program(args.trailtrim), "ingest", "--quiet", "--logs", "-", "--state", str(folder)])
    if swept.returncode:
        raise JobError(f"state folder: {last_words(swept)}", HELD if swept.returncode == HELD else 1)
    with held(folder):
        told = Merge(spark, plan, State(folder), poisoned).commit()
    told |= {"poisoned": [entry["path"] for entry in poisoned], "shares_reused": sum(share["reused"] for share in done)}
    watch.lap("merge")
    if told["unread"] == 0:
        mark.with_suffix(".tmp").write_text(json.dumps(told))
        mark.with_suffix(".tmp").replace(mark)
    return told


def job(spark: SparkSession, args: argparse.Namespace) -> int:
    """Does everything; gives the exit code."""
    work, watch = Path(args.work), Watch()
    with held(work):
        plan = make_plan(args, work)
        watch.lap("plan")
        told = {"files_listed": plan.files, "bytes": plan.bytes, "shares": len(plan.shares), **put_together(spark, plan, args, watch)}
        if args.tables:
            told["tables"] = write_tables(spark, plan, State(Path(args.state)), args)
            watch.lap("tables")
        told["seconds"] = watch.seconds
        shutil.rmtree(plan.shares_folder, ignore_errors=True)
        shutil.rmtree(plan.folder / "merge", ignore_errors=True)
    for line in told["rejections"]:
        print(f"rejected: {line!r}", file=sys.stderr)
    print(json.dumps(told, sort_keys=True))
    return PARTIAL if told["rejected"] else DONE


def moment(text: str) -> datetime.datetime:
    """A time as RFC 3339 has it."""
    parsed = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if parsed.tzinfo is None:
        raise argparse.ArgumentTypeError("say the zone: 2026-11-01T00:00:00Z")
    return parsed


def arguments(given: list[str]) -> argparse.Namespace:
    """What the user said."""
    parser = argparse.ArgumentParser(prog="trailtrim_job.py", description="trailtrim ingest and the large queries on a Spark cluster (docs/spark.md).")
    parser.add_argument("--logs", nargs="+", required=True, metavar="PATH", help="log files, folders, patterns, s3://bucket/prefix, as for `trailtrim ingest`")
    for name, what in (("account", "ID"), ("region", "REGION")):
        parser.add_argument(f"--{name}", action="append", default=[], metavar=what, help="only files of this one by their AWSLogs/… key; may be repeated")
    for name in ("since", "until"):
        parser.add_argument(f"--{name}", metavar="DAY", help="only files delivered then by their AWSLogs/… key")
    parser.add_argument("--state", required=True, metavar="DIR", help="state folder, new or one of earlier nights")
    parser.add_argument("--work", required=True, metavar="DIR", help="folder for plans and shares, on the same storage")
    parser.add_argument("--trailtrim", default="trailtrim", metavar="PROGRAM", help="the program: a path on every machine, or the name that --files gave it")
    parser.add_argument("--config", metavar="FILE", help="trailtrim.toml, on every machine")
    parser.add_argument("--reference", metavar="FILE", help="a bundle of `reference import`, on every machine")
    parser.add_argument("--share-bytes", type=int, default=128 << 20, metavar="N", help="bytes of a share, about, as the files lie (default: 128 MiB)")
    parser.add_argument("--tables", metavar="URL", help="folder for the answers of the large queries; none are asked without it")
    parser.add_argument("--only", action="append", metavar="QUERY", help="of the large queries only this one; may be repeated")
    parser.add_argument("--now", type=moment, metavar="TIME", help="the time to judge from (RFC 3339), for --tables")
    parser.add_argument("--window", type=int, default=90, metavar="DAYS", help="how far back use counts (default: 90)")
    args = parser.parse_args(given)
    if args.tables and not args.now:
        parser.error("--tables needs --now")
    args.state, args.work = os.path.abspath(args.state), os.path.abspath(args.work)
    args.settings = [word for name in ("config", "reference") if getattr(args, name) for word in (f"--{name}", os.path.abspath(getattr(args, name)))]
    return args


def main() -> int:
    """Runs the job; gives the exit code: 0 done, 4 some input was rejected, 2 usage, 5 another run holds a folder, 1 anything else."""
    args = arguments(sys.argv[1:])
    spark = SparkSession.builder.appName("trailtrim").getOrCreate()
    try:
        return job(spark, args)
    except JobError as error:
        print(f"trailtrim: {error}", file=sys.stderr)
        return error.code
    except PySparkException as error:
        print(f"trailtrim: {error}", file=sys.stderr)
        return 1
    finally:
        spark.stop()


if __name__ == "__main__":
    sys.exit(main())
