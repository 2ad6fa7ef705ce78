"""A SLURM of one node for the tests: own daemons, own ports, one folder, nothing of the system touched.

Without an accounting database, as on many small clusters: the real sacct fails here.
"""

import contextlib
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

SBIN = ("/usr/sbin", "/sbin")
READY_S = 60.0
LOG_TAIL = 3000  # characters

CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/munge.socket.2,cred_expire=5
CredType=cred/munge
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=100000,sched_interval=1,bf_interval=1,batch_sched_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MaxArraySize=1001
MinJobAge=3600
KillWait=5
InactiveLimit=0
SlurmctldTimeout=60
SlurmdTimeout=60
MessageTimeout=5
JobRequeue=1
{node} RealMemory={memory} NodeAddr=127.0.0.1 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def missing() -> str:
    """Why no cluster can be brought up here, "" when one can."""
    absent = [name for name in ("slurmctld", "slurmd", "munged", "sbatch") if _which(name) is None]
    if absent:
        return f"{', '.join(absent)} not installed (Debian: slurm-wlm munge)"
    return "" if os.name == "posix" else "not a POSIX system"


def _which(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *SBIN]))


class Cluster:
    """Context manager. `environment` is what clients and their children need."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sl", dir="/tmp"))  # short: a socket's path has 107 characters
        self.folder.chmod(0o755)  # munged insists
        self.conf = self.folder / "slurm.conf"
        path = os.pathsep.join([os.environ.get("PATH", ""), *SBIN])
        self.environment = {**os.environ, "SLURM_CONF": str(self.conf), "PATH": path}

    # ---- up and down ----
    def __enter__(self) -> "Cluster":
        try:
            self._prepare()
            self.start_controller("-c")  # with a clean state
            self._run(["slurmd", "-f", str(self.conf)])
            self.wait_until(lambda: "idle" in self.client("sinfo", "-h", "-o", "%t"), "the node is idle", READY_S)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _prepare(self) -> None:
        for name in ("munge", "state", "spool", "log"):
            (self.folder / name).mkdir()
        munge = self.folder / "munge"
        (munge / "munge.key").write_bytes(os.urandom(1024))
        (munge / "munge.key").chmod(0o400)
        self._run(
            [
                *("munged", f"--key-file={munge}/munge.key", f"--socket={munge}/munge.socket.2", "--num-threads=2"),
                *(f"--pid-file={munge}/munged.pid", f"--log-file={munge}/munged.log", f"--seed-file={munge}/seed"),
            ]
        )
        shown = self._run(["slurmd", "-C"]).splitlines()[0]
        memory = int(re.search(r"RealMemory=(\d+)", shown)[1])  # type: ignore[index]
        settings = {
            "folder": self.folder,
            "host": socket.gethostname().partition(".")[0],
            "user": getpass.getuser(),
            "controller_port": _free_port(),
            "node_port": _free_port(),
            "node": shown.partition(" RealMemory=")[0],
            "memory": memory * 8 // 10,
        }
        self.conf.write_text(CONF.format(**settings))

    def start_controller(self, *options: str) -> None:
        self._run(["slurmctld", *options, "-f", str(self.conf)])

    def stop_controller(self) -> None:
        self._end(self.folder / "slurmctld.pid")

    def close(self) -> None:
        """Take jobs off, stop the daemons by process id, remove the folder."""
        with contextlib.suppress(Exception):
            self.client("scancel", "-u", getpass.getuser())
            self.wait_until(lambda: not self.client("squeue", "-h").strip(), "the queue is empty", 20)
        for name in ("slurmd.pid", "slurmctld.pid", "munge/munged.pid"):
            self._end(self.folder / name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, pid_file: Path) -> None:
        with contextlib.suppress(OSError, ValueError):
            pid = int(pid_file.read_text())
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + 20
            while time.monotonic() < end:
                os.kill(pid, 0)  # raises when it is gone
                time.sleep(0.1)
            os.kill(pid, signal.SIGKILL)

    # ---- questions ----
    def client(self, *words: str) -> str:
        """Standard output of a SLURM client, "" when it fails."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout if done.returncode == 0 else ""

    def state(self, job: str) -> str:
        found = re.search(r"\bJobState=(\S+)", self.client("scontrol", "show", "job", "-o", job))
        return found[1] if found else ""

    def jobs(self) -> list[str]:
        """Ids in the queue, those of array tasks apart."""
        return self.client("squeue", "-h", "-r", "-o", "%i").split()

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"After {seconds:g} s it still does not hold that {what}.\n{self.logs()}")
            time.sleep(0.2)

    def logs(self) -> str:
        """The ends of the daemons' logs, for a test that failed."""
        paths = sorted((self.folder / "log").glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-LOG_TAIL:]}" for path in paths)

    def _run(self, words: list[str]) -> str:
        program = _which(words[0]) or words[0]
        done = subprocess.run(
            [program, *words[1:]], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}\n{self.logs()}")
        return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
