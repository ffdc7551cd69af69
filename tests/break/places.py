"""Where files lie: links, pipes and devices among the inputs, what may not be read or written, a full disk, modes, no network."""

import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from common import BINARY, SAMPLE, differences, run, trailtrim, tree
from faults import accounts_of, logs_of

NOBODY = 65534


def mounts():
    """How a small file system of its own can be made here: a prefix of commands, or nothing."""
    for prefix in ([], ["unshare", "-rm"]):
        with tempfile.TemporaryDirectory() as folder:
            inner = f"mount -t tmpfs -o size=1m none {folder} && umount {folder}"
            if subprocess.run([*prefix, "sh", "-c", inner], capture_output=True, check=False).returncode == 0:
                return prefix
    return None


class Places(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.keep = tempfile.TemporaryDirectory()
        self.base = Path(self.keep.name)
        self.grants = accounts_of(self.base / "grants")
        self.logs = logs_of(self.base / "logs", "05")

    def tearDown(self):
        subprocess.run(["chmod", "-R", "u+rwX", self.base], check=False)
        self.keep.cleanup()

    def command(self, *more, **other):
        return run(self.base, *more, **{"logs": self.logs, "grants": self.grants, **other})

    def as_nobody(self, command):
        """Runs the program as somebody who may not do everything: exit code, standard error."""
        if os.getuid() == 0:
            program = self.base / "program"
            if not program.exists():
                shutil.copy(BINARY, program)
            for path in [self.base, *self.base.rglob("*")]:
                if not path.is_symlink():
                    os.chown(path, NOBODY, NOBODY)
            self.base.chmod(0o755)
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", program, *command]
        else:
            command = [BINARY, *command]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=400, cwd=self.base)
        return done.returncode, done.stderr

    def test_links_pipes_and_devices(self):
        self.assertEqual(trailtrim(*self.command(state="plain", out="plain.out"))[0], 0)
        for folder in (self.logs, self.grants):
            (folder / "loop").symlink_to(folder)
            (folder / "out of it").symlink_to("/etc")
            (folder / "passwd.json").symlink_to("/etc/passwd")
            (folder / "nowhere").symlink_to("/no/such/file")
            (folder / "itself").symlink_to(folder / "itself")
            os.mkfifo(folder / "pipe.json")
            if os.getuid() == 0:
                try:
                    os.mknod(folder / "zero.json", stat.S_IFCHR | 0o666, os.makedev(1, 5))
                except PermissionError:
                    print("places: no devices can be made here")
        code, text, errors = trailtrim(*self.command(), timeout=400)
        self.assertEqual(code, 0, errors)
        ignored = 7 if (self.logs / "zero.json").exists() else 6
        self.assertIn(f"{ignored} are no logs", text)
        self.assertEqual(differences(tree(self.base / "plain/events"), tree(self.base / "state/events")), [])
        doctor = trailtrim("doctor", self.grants)[1]
        for name in ("loop", "pipe.json", "out of it"):
            self.assertIn(name, doctor)
        self.assertNotIn("root:", "".join(p.read_text(errors="replace") for p in (self.base / "out").rglob("*.json")))
        # A pipe that is given by itself does not hang either.
        code, text, _ = trailtrim("ingest", "--quiet", "--logs", self.logs / "pipe.json", "--state", self.base / "other", timeout=300)
        self.assertEqual((code, "1 are no logs" in text), (0, True), text)

    def test_what_may_not_be_read_is_named(self):
        inside = self.logs / "AWSLogs/shut"
        inside.mkdir(parents=True)
        shutil.copy(next(self.logs.rglob("*.gz")), inside / "x.json.gz")
        single = next(p for p in self.logs.rglob("*.gz") if p.parent != inside)
        in_grants = self.grants / "accounts/444455556666/shut"
        in_grants.mkdir()
        self.as_nobody(["--version"])
        inside.chmod(0)
        in_grants.chmod(0)
        single.chmod(0)
        def asked(command):
            # `as_nobody` would open what is shut again for itself only; owners are right already.
            return self.as_nobody(command)
        code, errors = asked(self.command())
        self.assertEqual(code, 4, errors)
        self.assertIn("AWSLogs/shut: cannot be read: permission denied", errors)
        self.assertIn(f"{single.name}: cannot be read: permission denied", errors)
        told = json.loads((self.base / "out/run.json").read_text())
        self.assertTrue(any("accounts/444455556666/shut" in json.dumps(told[k]) for k in told), "the folder of the exports is named")
        self.assertEqual(told["proposals"]["written"], 0, "an account of which something cannot be read keeps what it has")
        for path, mode in ((inside, 0o755), (in_grants, 0o755), (single, 0o644)):
            path.chmod(mode)
        code, errors = asked(self.command())
        self.assertEqual(code, 0, errors)
        self.assertEqual(json.loads((self.base / "out/run.json").read_text())["ledger"]["rejected"], 0, "what could be read later was read")

    def test_output_that_cannot_be_written_is_said_before_the_work(self):
        self.as_nobody(["--version"])
        shut = self.base / "shut"
        shut.mkdir()
        os.chown(shut, NOBODY, NOBODY) if os.getuid() == 0 else None
        shut.chmod(0o555)
        code, errors = self.as_nobody(self.command(out="shut/out"))
        self.assertEqual((code, "shut" in errors and "ermission denied" in errors), (1, True), errors)
        self.assertEqual([p for p in (self.base / "state").rglob("*.parquet")], [], "before any log was read")
        code, errors = self.as_nobody(self.command())
        self.assertEqual(code, 0, errors)
        night = tree(self.base / "out")
        (self.base / "out").chmod(0o555)
        code, errors = self.as_nobody(self.command())
        self.assertEqual((code, "out" in errors and "ermission denied" in errors), (1, True), errors)
        self.assertEqual(differences(night, tree(self.base / "out")), [])
        (self.base / "out").chmod(0o755)
        (self.base / "file").write_text("mine")
        code, errors = self.as_nobody(self.command(out="file"))
        self.assertEqual((code, "file" in errors), (1, True), errors)
        self.assertEqual((self.base / "file").read_text(), "mine")
        (self.base / "state").chmod(0o555)
        (self.base / "state/ledger").chmod(0o555)
        for path in (self.base / "state").rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        code, errors = self.as_nobody(self.command())
        self.assertEqual((code, "state" in errors), (1, True), errors)

    def test_a_full_disk_leaves_the_last_night(self):
        prefix = mounts()
        small = self.base / "small"
        small.mkdir()
        if prefix is None:
            print("places: nothing can be mounted here; the size of files is limited instead")
            self.assertEqual(trailtrim(*self.command(out="small/out", state="state"))[0], 0)
            night = tree(small / "out")
            def limited():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            done = subprocess.run([BINARY, *map(str, self.command(out="small/out", state="state"))], preexec_fn=limited, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(differences(night, tree(small / "out")), [])
            return
        # One night, then as good as no room, then room again.
        steps = [f"mount -t tmpfs -o size=64m none {small}", "run", f"cp -a {small}/out {self.base}/kept", "fill", "run2", f"cp -a {small}/out {self.base}/after; ls -A {small} > {self.base}/names", f"rm {small}/fill", "run3",
                 f"cp -a {small}/out {self.base}/last; umount {small}"]
        for state in ("state", "small/state"):
            for name in ("kept", "after", "last", "state"):
                shutil.rmtree(self.base / name, ignore_errors=True)
            quoted = " ".join(f"'{a}'" for a in [BINARY, *self.command(out="small/out", state=state)])
            second = quoted.replace(str(self.logs), str(logs_of(self.base / "more", "05", "06", "07")))
            fill = f"dd if=/dev/zero of={small}/fill bs=4096 2>/dev/null; truncate -s -{200_000} {small}/fill"
            script = "; ".join({"run": f"{quoted} || exit 9", "fill": fill, "run2": f"{second} 2> {self.base}/said; echo $? > {self.base}/code", "run3": f"{second} || exit 8"}.get(s, s) for s in steps)
            done = subprocess.run([*prefix, "sh", "-c", script], capture_output=True, text=True, check=False, timeout=300)
            subprocess.run(["umount", small], capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((self.base / "code").read_text().strip(), "1")
            self.assertIn("No space left on device", (self.base / "said").read_text())
            self.assertEqual(differences(tree(self.base / "kept"), tree(self.base / "after")), [], "the last night stands")
            self.assertEqual(set((self.base / "names").read_text().split()) - {"fill", "out", "state"}, set(), "nothing is left behind")
            self.assertEqual(trailtrim("verify", self.base / "last")[0], 0)

    def test_files_are_the_owners(self):
        umask = lambda: os.umask(0o022)
        def modes(*names):
            found = {}
            for name in names:
                for path in [self.base / name, *(self.base / name).rglob("*")]:
                    found.setdefault((path.is_dir(), oct(stat.S_IMODE(path.stat().st_mode))), []).append(str(path))
            return set(found)
        command = self.command("--metrics-file", self.base / "m.prom")
        self.assertEqual(subprocess.run([BINARY, *map(str, command)], preexec_fn=umask, capture_output=True, check=False).returncode, 0)
        self.assertEqual(modes("state", "out"), {(True, "0o700"), (False, "0o600")})
        self.assertEqual(oct(stat.S_IMODE((self.base / "m.prom").stat().st_mode)), "0o644", "the collector of metrics is another user")
        for word, folders, files in (("group", "0o750", "0o640"),):
            config = self.base / f"{word}.toml"
            config.write_text((SAMPLE / "trailtrim.toml").read_text() + f'\n[files]\nreadable_by = "{word}"\n')
            command = self.command(config=config, state=f"{word}.state", out=f"{word}.out")
            self.assertEqual(subprocess.run([BINARY, *map(str, command)], preexec_fn=umask, capture_output=True, check=False).returncode, 0)
            self.assertEqual(modes(f"{word}.state", f"{word}.out"), {(True, folders), (False, files)})

    def test_no_network_is_needed(self):
        self.assertEqual(trailtrim(*self.command())[0], 0)
        for prefix in (["unshare", "-n"], ["unshare", "-rn"]):
            if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
                break
        else:
            self.fail("no network namespace can be made here")
        command, trace = self.command(state="alone", out="alone.out"), self.base / "trace"
        traced = ["strace", "-f", "--seccomp-bpf", "-e", "trace=socket,connect,bind,sendto", "-o", str(trace)] if shutil.which("strace") else []
        done = subprocess.run([*prefix, *traced, BINARY, *map(str, command)], capture_output=True, text=True, check=False, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(differences(tree(self.base / "out"), tree(self.base / "alone.out")), [])
        self.assertEqual(differences(tree(self.base / "state", but=("lock",)), tree(self.base / "alone", but=("lock",))), [])
        if traced:
            calls = [line for line in trace.read_text().splitlines() if "socket(" in line or "connect(" in line]
            self.assertEqual(calls, [], "no socket is opened")
