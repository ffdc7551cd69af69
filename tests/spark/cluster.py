"""A real Spark standalone cluster on this machine: a master and workers, each a process of its own, on loopback."""

import atexit
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyspark

sys.path[:0] = [str(Path(__file__).parents[1])]

from local_server import free_port, listens  # noqa: E402

HOME = Path(pyspark.__file__).parent
CLASS = "org.apache.spark.deploy"
QUICK = "-XX:TieredStopAtLevel=1"


def until(condition, what, seconds=240):
    """Waits until something is so; a busy machine takes its time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"{what} does not come")
        time.sleep(0.1)


def session(leader):
    """Every process of the session that one of our processes leads: Python's workers have process groups of their own."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[3]) == leader:
                yield int(stat.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            continue


def end_session(leader):
    """Ends every process of a session at once."""
    for pid in list(session(leader)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


class Cluster:
    """A master and two workers of one core each; what runs on a worker dies with it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        # The names of other tools' settings stay outside.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_", "HADOOP_"))}
        self.environment = {
            **kept, "SPARK_HOME": str(HOME), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1",
            "SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": QUICK, "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": str(self.folder / "local"),
        }
        self.processes, self.jobs = {}, []
        atexit.register(self.stop)
        self.start("master", f"{CLASS}.master.Master", "--host", "127.0.0.1", "--port", str(self.port), "--webui-port", "0")
        until(lambda: listens(self.port), "the master")
        for name in ("one", "two"):
            self.worker(name)

    def start(self, name, *words):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen([HOME / "bin/spark-class", *words], stdout=log, stderr=log, env=self.environment, start_new_session=True)

    def worker(self, name):
        """Starts a worker; a registered one says so in its log."""
        log = self.folder / f"{name}.log"
        log.unlink(missing_ok=True)
        self.start(name, f"{CLASS}.worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", str(self.folder / f"work-{name}"), self.url)
        until(lambda: "Successfully registered" in log.read_text(), f"worker {name}")

    def kill(self, name):
        """A worker's machine goes down: the worker and its executors, Python and all, at once."""
        worker = self.processes.pop(name)
        end_session(worker.pid)
        worker.wait()

    def runs(self, name, program):
        """Whether a worker, or what it started, runs a program."""
        for pid in session(self.processes[name].pid):
            try:
                if str(program).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    return True
            except (FileNotFoundError, ProcessLookupError):
                continue
        return False

    def submit(self, *words, **settings):
        """Starts spark-submit, which puts both outputs of the job on one; settings are Spark's, `_` for `.`."""
        usual = {
            "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.executor.memory": "512m", "spark.driver.memory": "768m",
            "spark.executor.cores": "1", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.log.level": "ERROR",
            # Jobs of seconds do not live long enough for the second compiler.
            "spark.driver.extraJavaOptions": QUICK, "spark.executor.extraJavaOptions": QUICK,
        }
        usual.update({name.replace("_", "."): value for name, value in settings.items()})
        options = [word for name, value in usual.items() for word in ("--conf", f"{name}={value}")]
        command = [HOME / "bin/spark-submit", "--master", self.url, *options, *map(str, words)]
        self.jobs.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment, start_new_session=True))
        return self.jobs[-1]

    def stop(self):
        """Stops whatever was started."""
        for process in [*self.processes.values(), *(job for job in self.jobs if job.poll() is None)]:
            end_session(process.pid)
            process.wait()
        self.processes, self.jobs = {}, []
