"""What kazoo users do every day, one function per test, each in its own part of the tree."""

import os
import threading

from kazoo.exceptions import (
    BadVersionError,
    InvalidACLError,
    NoAuthError,
    NoChildrenForEphemeralsError,
    NoNodeError,
    NodeExistsError,
    NotEmptyError,
    RolledBackError,
    RuntimeInconsistency,
)
from kazoo.protocol.states import EventType
from kazoo.security import CREATOR_ALL_ACL, make_acl, make_digest_acl

from clients import LIMIT_S, connect, fails_with, until


def crud(hosts):
    client = connect(hosts)
    assert client.create("/crud", b"one") == "/crud"
    fails_with(NodeExistsError, client.create, "/crud", b"")
    data, stat = client.get("/crud")
    assert (data, stat.version, stat.data_length, stat.ephemeralOwner) == (b"one", 0, 3, 0)
    assert client.set("/crud", b"two", version=0).version == 1
    fails_with(BadVersionError, client.set, "/crud", b"three", version=0)
    path, stat = client.create("/crud/kid", b"x", include_data=True)
    assert (path, stat.numChildren) == ("/crud/kid", 0)
    assert stat.czxid == client.exists("/crud").pzxid
    children, stat = client.get_children("/crud", include_data=True)
    assert (children, stat.numChildren, stat.cversion) == (["kid"], 1, 1)
    fails_with(NotEmptyError, client.delete, "/crud")
    fails_with(NoNodeError, client.get, "/crud/nobody")
    fails_with(NoNodeError, client.create, "/crud/nobody/kid", b"")
    assert client.exists("/crud/nobody") is None
    big = os.urandom(500_000)
    client.set("/crud/kid", big)
    assert client.get("/crud/kid")[0] == big
    client.ensure_path("/crud/a/b/c")
    assert client.sync("/crud") == "/crud"
    name = "/crud/\u00e9t\u00e9 \u65e5\u672c"
    client.create(name, b"")
    assert client.get(name)[0] == b""
    client.delete("/crud", recursive=True)
    assert client.exists("/crud") is None


def sequential(hosts):
    client, other = connect(hosts), connect(hosts)
    client.create("/sequential")
    first = [client.create("/sequential/n-", sequence=True) for _ in range(3)]
    assert first == ["/sequential/n-%010d" % i for i in range(3)]
    client.delete(first[2])
    assert other.create("/sequential/n-", sequence=True) == "/sequential/n-0000000003"
    assert client.create("/sequential/", sequence=True) == "/sequential/0000000004"
    pending = [c.create_async("/sequential/p-", sequence=True) for c in [client, other] * 50]
    made = [p.get(timeout=LIMIT_S) for p in pending]
    assert len(set(made)) == 100
    # Each session's own writes keep their order.
    assert made[0::2] == sorted(made[0::2]) and made[1::2] == sorted(made[1::2])


def ephemerals(hosts):
    owner, other = connect(hosts), connect(hosts)
    owner.create("/ephemerals")
    owner.create("/ephemerals/e", ephemeral=True)
    made = owner.create("/ephemerals/s-", ephemeral=True, sequence=True)
    assert made == "/ephemerals/s-0000000001"
    fails_with(NoChildrenForEphemeralsError, owner.create, "/ephemerals/e/kid")
    other.sync("/")
    assert other.exists("/ephemerals/e").ephemeralOwner == owner.client_id[0]
    gone = threading.Event()
    other.exists("/ephemerals/e", watch=lambda event: gone.set())
    owner.stop()
    assert gone.wait(LIMIT_S)
    assert other.get_children("/ephemerals") == []


def watches(hosts):
    watcher, actor = connect(hosts), connect(hosts)
    seen = []

    def watch(event):
        seen.append((event.type, event.path))

    def expect(events):
        until(lambda: len(seen) >= len(events), "events %r, only %r" % (events, seen))
        assert seen == events, seen
        seen.clear()

    watcher.exists("/watches", watch=watch)
    actor.create("/watches", b"0")
    expect([(EventType.CREATED, "/watches")])
    watcher.get("/watches", watch=watch)
    watcher.get_children("/watches", watch=watch)
    actor.create("/watches/kid", b"")
    actor.set("/watches", b"1")
    actor.set("/watches", b"2")
    expect([(EventType.CHILD, "/watches"), (EventType.CHANGED, "/watches")])
    watcher.sync("/watches")
    watcher.get("/watches/kid", watch=watch)
    watcher.get_children("/watches/kid", watch=watch)
    actor.delete("/watches/kid")
    until(lambda: len(seen) >= 1, "deletion")
    watcher.sync("/watches")
    # One event for both kinds of watch on the node; kazoo calls each of its callbacks.
    assert set(seen) == {(EventType.DELETED, "/watches/kid")}, seen
    values = []
    watcher.DataWatch("/watches", lambda data, stat: values.append(data))
    actor.set("/watches", b"3")
    until(lambda: values == [b"2", b"3"], "data watch %r" % values)
    lists = []
    watcher.ChildrenWatch("/watches", lambda children: lists.append(sorted(children)))
    actor.create("/watches/a")
    until(lambda: lists == [[], ["a"]], "children watch %r" % lists)


def transactions(hosts):
    client = connect(hosts)
    client.create("/transactions", b"")
    transaction = client.transaction()
    transaction.create("/transactions/a", b"1")
    transaction.set_data("/transactions/a", b"2", version=0)
    transaction.check("/transactions/a", version=1)
    transaction.create("/transactions/s-", b"", sequence=True)
    transaction.create("/transactions/gone")
    transaction.delete("/transactions/gone")
    results = transaction.commit()
    assert results[0] == "/transactions/a" and results[1].version == 1, results
    assert results[2] is True and results[3] == "/transactions/s-0000000001", results
    assert results[5] is True, results
    before = client.exists("/transactions")
    failing = client.transaction()
    failing.create("/transactions/b", b"1")
    failing.check("/transactions/a", version=7)
    failing.delete("/transactions/a")
    results = failing.commit()
    kinds = [type(result) for result in results]
    assert kinds == [RolledBackError, BadVersionError, RuntimeInconsistency], results
    assert client.exists("/transactions/b") is None
    assert client.exists("/transactions") == before
    with client.transaction() as block:
        block.create("/transactions/c")
    assert client.exists("/transactions/c") is not None


def acls(hosts):
    owner, stranger = connect(hosts), connect(hosts)
    owner.add_auth("digest", "me:secret")
    owner.create("/acls", b"x", acl=[make_digest_acl("me", "secret", all=True)])
    acl, stat = owner.get_acls("/acls")
    assert acl[0].id.scheme == "digest" and stat.aversion == 0
    assert owner.get("/acls")[0] == b"x"
    stranger.sync("/acls")
    fails_with(NoAuthError, stranger.get, "/acls")
    fails_with(NoAuthError, stranger.create, "/acls/kid", b"")
    fails_with(NoAuthError, stranger.get_acls, "/acls")
    stranger.add_auth("digest", "me:wrong")
    fails_with(NoAuthError, stranger.set, "/acls", b"y")
    stranger.add_auth("digest", "me:secret")
    assert stranger.set("/acls", b"y").version == 1
    owner.create("/acls/auth", b"", acl=CREATOR_ALL_ACL)
    assert owner.get_acls("/acls/auth")[0][0].id.id.startswith("me:")
    local = make_acl("ip", "127.0.0.1", read=True)
    elsewhere = make_acl("ip", "10.0.0.0/8", all=True)
    assert owner.set_acls("/acls", [local, elsewhere], version=0).aversion == 1
    third = connect(hosts)
    third.sync("/acls")
    assert third.get("/acls")[0] == b"y"
    fails_with(NoAuthError, third.set, "/acls", b"z")
    fails_with(InvalidACLError, third.create, "/acls-bad", b"", acl=[make_acl("none", "x")])


def locks(hosts):
    clients = [connect(hosts) for _ in range(3)]
    inside, order = [], []

    def work(client, name):
        lock = client.Lock("/locks", name)
        for _ in range(5):
            with lock:
                inside.append(name)
                assert inside == [name], inside
                order.append(name)
                inside.remove(name)

    threads = [
        threading.Thread(target=work, args=(client, str(index)))
        for index, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert len(order) == 15, order
    lock = clients[0].Lock("/locks", "holder")
    lock.acquire()
    assert clients[1].Lock("/locks", "late").acquire(blocking=False) is False
    clients[1].sync("/locks")
    assert clients[1].Lock("/locks").contenders() == ["holder"]
    lock.release()


def elections(hosts):
    clients = [connect(hosts) for _ in range(3)]
    leaders, stop = [], threading.Event()

    def lead(client, name):
        leaders.append(name)
        # The first leader dies with its session; the next one takes over.
        if len(leaders) == 1:
            client.stop()
        else:
            stop.wait(LIMIT_S)

    def run(client, name):
        try:
            client.Election("/elections", name).run(lead, client, name)
        except Exception:
            # A client that has been stopped cannot give up its place politely.
            assert not client.connected

    threads = [
        threading.Thread(target=run, args=(client, str(index)), daemon=True)
        for index, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    until(lambda: len(leaders) == 2, "a second leader")
    assert leaders[0] != leaders[1]
    stop.set()
    until(lambda: len(leaders) == 3, "a third leader")
    assert len(set(leaders)) == 3, leaders


def queues(hosts):
    producer, consumer = connect(hosts), connect(hosts)
    for index in range(20):
        producer.Queue("/queues/plain").put(b"%d" % index)
    consumer.sync("/queues")
    plain = consumer.Queue("/queues/plain")
    assert [plain.get() for _ in range(21)] == [b"%d" % index for index in range(20)] + [None]
    locking = producer.LockingQueue("/queues/locking")
    locking.put(b"late", priority=200)
    locking.put(b"early", priority=1)
    mine = consumer.LockingQueue("/queues/locking")
    assert mine.get(timeout=LIMIT_S) == b"early"
    assert mine.consume() is True
    assert mine.get(timeout=LIMIT_S) == b"late"
    assert mine.consume() is True
    barrier = consumer.Barrier("/queues/barrier")
    barrier.create()
    threading.Timer(0.1, producer.Barrier("/queues/barrier").remove).start()
    assert barrier.wait(LIMIT_S)
    counter = producer.Counter("/queues/counter")
    counter += 2
    other = consumer.Counter("/queues/counter")
    other += 3
    consumer.sync("/queues")
    assert other.value == 5
