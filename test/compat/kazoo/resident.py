"""What an application leaves running while its servers are replaced.

`resident.py CONNECT_STRING`: one session holds a lock and an ephemeral node and counts up a node; a
second one waits for the lock and watches the counter. Prints "ready", goes on until standard input
ends, then prints what happened as a line of JSON.
"""

import json
import sys
import threading

from kazoo.exceptions import KazooException
from kazoo.client import KazooState

from clients import LIMIT_S, close_all, connect, until

PAUSE_S = 0.05


def count_up(client, stopping):
    """One acknowledged write after the other; one without an answer is not counted."""
    acknowledged = 0
    while not stopping.wait(PAUSE_S):
        try:
            client.set("/resident/counter", b"x")
            acknowledged += 1
        except KazooException:
            stopping.wait(PAUSE_S)
    return acknowledged


def main(hosts):
    holder, waiter = connect(hosts), connect(hosts)
    states = []
    for client in (holder, waiter):
        client.add_listener(states.append)
    sessions = [holder.client_id[0], waiter.client_id[0]]
    holder.ensure_path("/resident/counter")
    holder.create("/resident/here", ephemeral=True)
    lock = holder.Lock("/resident/lock", "holder")
    assert lock.acquire(timeout=LIMIT_S)
    got_lock = threading.Event()

    def wait_for_lock():
        waiter.Lock("/resident/lock", "waiter").acquire()
        got_lock.set()

    threading.Thread(target=wait_for_lock, daemon=True).start()
    versions = []
    waiter.DataWatch("/resident/counter", lambda _, stat: versions.append(stat.version))
    until(lambda: len(holder.Lock("/resident/lock").contenders()) == 2, "two contenders")
    stopping = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
    print("ready", flush=True)
    acknowledged = count_up(holder, stopping)

    held = not got_lock.is_set()
    version = holder.retry(holder.get, "/resident/counter")[1].version
    until(lambda: versions[-1] == version, "the last change was watched")
    owner = holder.retry(holder.get, "/resident/here")[1].ephemeralOwner
    holder.retry(lock.release)
    return {
        "lost": states.count(KazooState.LOST),
        "interruptions": states.count(KazooState.SUSPENDED),
        "same_sessions": [holder.client_id[0], waiter.client_id[0]] == sessions,
        "same_owner": owner == sessions[0],
        "lock_held": held,
        "lock_passed_on": got_lock.wait(LIMIT_S),
        "acknowledged": acknowledged,
        "missing": max(0, acknowledged - version),
        "watched_backwards": versions != sorted(versions),
    }


try:
    print(json.dumps(main(sys.argv[1])))
finally:
    close_all()
