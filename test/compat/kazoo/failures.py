"""What becomes of sessions, locks and writes when servers die and clients fall silent."""

import os
import signal
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import NodeExistsError
from kazoo.protocol.states import KazooState
from kazoo.retry import KazooRetry

from clients import LIMIT_S, connect, open_clients, until


def leader_loss(hosts, leader_pid):
    """Locks, ephemerals, and watches outlive the leader; acknowledged writes are all there."""
    retry = KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5, deadline=LIMIT_S)
    clients = [
        KazooClient(hosts=host, timeout=10, connection_retry=retry, command_retry=retry)
        for host in hosts.split(",")
    ]
    # Each begins on a server of its own, and may go to any afterwards.
    for client in clients:
        client.start(timeout=LIMIT_S)
        open_clients.append(client)
        client.set_hosts(hosts)
    states = {client: [] for client in clients}
    for client in clients:
        client.add_listener(states[client].append)
    sessions = [client.client_id[0] for client in clients]
    root = clients[0]
    root.ensure_path("/loss/written")
    held = []
    for index, client in enumerate(clients):
        lock = client.Lock("/loss/lock-%d" % index, str(index))
        lock.acquire()
        held.append(lock)
    fired = [threading.Event() for _ in clients]
    for client, event in zip(clients, fired):
        client.sync("/loss")
        assert client.exists("/loss/signal", watch=lambda _, e=event: e.set()) is None
    acknowledged = []
    stop = threading.Event()

    def write(client, name):
        number = 0
        while not stop.is_set():
            path = "/loss/written/%s-%06d" % (name, number)
            try:
                client.retry(client.create, path, b"x")
            except NodeExistsError:
                # The reply to an earlier attempt was lost with the connection.
                pass
            acknowledged.append(path)
            number += 1

    threads = [
        threading.Thread(target=write, args=(client, str(index)))
        for index, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    until(lambda: len(acknowledged) > 60, "writes before")
    os.kill(int(leader_pid), signal.SIGKILL)
    at_kill = len(acknowledged)
    until(lambda: len(acknowledged) > at_kill + 60, "writes after")
    stop.set()
    for thread in threads:
        thread.join(LIMIT_S)
        assert not thread.is_alive()
    assert [client.client_id[0] for client in clients] == sessions
    assert all(KazooState.LOST not in seen for seen in states.values()), states
    assert any(KazooState.SUSPENDED in seen for seen in states.values()), states
    for index, client in enumerate(clients):
        client.retry(client.sync, "/loss")
        contenders = client.retry(client.Lock("/loss/lock-%d" % index).contenders)
        assert contenders == [str(index)], contenders
        names = client.retry(client.get_children, "/loss/written")
        missing = set(acknowledged) - {"/loss/written/" + name for name in names}
        assert not missing, missing
    rival = clients[0].Lock("/loss/lock-1", "rival")
    assert rival.acquire(blocking=False) is False
    held[1].release()
    assert rival.acquire(timeout=LIMIT_S) is True
    root.retry(root.create, "/loss/signal", b"")
    for event in fired:
        assert event.wait(LIMIT_S)


def expiry(hosts):
    """A client that falls silent loses its session, its ephemerals and its locks."""
    witness = connect(hosts)
    victim = connect(hosts, timeout=1)
    lost = threading.Event()
    states = []

    def listen(state):
        states.append(state)
        if state == KazooState.LOST:
            lost.set()

    victim.add_listener(listen)
    session = victim.client_id
    victim.create("/expiry", b"")
    victim.create("/expiry/e", ephemeral=True)
    lock = victim.Lock("/expiry/lock", "victim")
    lock.acquire()
    witness.sync("/expiry")
    gone = threading.Event()
    assert witness.exists("/expiry/e", watch=lambda event: gone.set()) is not None
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        # Stops the whole client for longer than its session lives, and lets it go on.
        parent = os.getppid()
        os.kill(parent, signal.SIGSTOP)
        time.sleep(3)
        os.kill(parent, signal.SIGCONT)
        os._exit(0)
    os.waitpid(child, 0)
    assert time.monotonic() - began >= 3
    assert lost.wait(LIMIT_S), states
    assert gone.wait(LIMIT_S)
    until(lambda: victim.connected and victim.client_id != session, "a new session")
    fresh = connect(hosts)
    fresh.sync("/expiry")
    assert fresh.exists("/expiry/e") is None
    assert fresh.Lock("/expiry/lock", "next").acquire(timeout=LIMIT_S) is True


def taken_session(hosts):
    """A session taken up elsewhere with its id and password stays; with a wrong one it is refused."""
    first = connect(hosts)
    first.create("/taken", b"", ephemeral=True)
    session = first.client_id
    second = KazooClient(hosts=hosts, client_id=session, timeout=10)
    second.start(timeout=LIMIT_S)
    open_clients.append(second)
    assert second.client_id[0] == session[0]
    second.sync("/taken")
    assert second.exists("/taken").ephemeralOwner == session[0]
    wrong = KazooClient(hosts=hosts, client_id=(session[0], b"0" * 16), timeout=10)
    wrong.start(timeout=LIMIT_S)
    open_clients.append(wrong)
    assert wrong.client_id[0] != session[0]
