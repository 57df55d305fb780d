"""kazoo's recipes in two clients, before and after the process argv[2] (a leader) is killed.

`recipes.py CONNECT_STRING [LEADER_PID]`; without LEADER_PID nobody is killed. Each recipe is a
generator that stops once, where the leader may be lost. Prints one line of JSON for each.
"""

import json
import os
import signal
import sys
import threading

from kazoo.retry import KazooRetry

from clients import LIMIT_S, close_all, connect, until

SHORT_S = 0.2


def lock(a, b):
    mine, theirs = a.Lock("/lock", "a"), b.Lock("/lock", "b")
    assert mine.acquire(timeout=LIMIT_S)
    assert theirs.acquire(blocking=False) is False
    yield
    assert b.retry(lambda: b.Lock("/lock", "b").acquire(blocking=False)) is False
    a.retry(mine.release)
    assert theirs.acquire(timeout=LIMIT_S)
    theirs.release()


def semaphore(a, b):
    mine, theirs = a.Semaphore("/semaphore", "a", 1), b.Semaphore("/semaphore", "b", 1)
    assert mine.acquire(timeout=LIMIT_S)
    assert theirs.acquire(blocking=False) is False
    yield
    assert a.retry(mine.lease_holders) == ["a"]
    a.retry(mine.release)
    assert theirs.acquire(timeout=LIMIT_S)
    theirs.release()


def election(a, b):
    leads = {"a": threading.Event(), "b": threading.Event()}
    resign = {"a": threading.Event(), "b": threading.Event()}

    def lead(name):
        leads[name].set()
        resign[name].wait()

    def run(client, name):
        client.Election("/election", name).run(lead, name)

    for client, name in ((a, "a"), (b, "b")):
        threading.Thread(target=run, args=(client, name), daemon=True).start()
        if name == "a":
            assert leads["a"].wait(LIMIT_S)
    until(lambda: b.retry(b.Election("/election").contenders) == ["a", "b"], "two contenders")
    yield
    assert not leads["b"].is_set()
    assert b.retry(b.Election("/election").contenders) == ["a", "b"]
    resign["a"].set()
    assert leads["b"].wait(LIMIT_S)
    resign["b"].set()


def queue(a, b):
    producer, consumer = a.LockingQueue("/queue"), b.LockingQueue("/queue")
    for index in range(6):
        producer.put(b"%d" % index)
    for index in range(3):
        assert consumer.get(timeout=LIMIT_S) == b"%d" % index
        assert consumer.consume()
    # Taken and not yet consumed: it stays taken, by the session and not by the connection.
    assert consumer.get(timeout=LIMIT_S) == b"3"
    yield
    b.retry(b.sync, "/queue")
    assert b.retry(consumer.holds_lock)
    assert b.retry(consumer.consume)
    for index in range(4, 6):
        assert consumer.get(timeout=LIMIT_S) == b"%d" % index
        assert b.retry(consumer.consume)
    assert b.retry(len, consumer) == 0


def party(a, b):
    guests = [a.Party("/party", "a"), b.Party("/party", "b")]
    for guest in guests:
        guest.join()
    until(lambda: sorted(guests[0]) == ["a", "b"], "two guests")
    yield
    a.retry(a.sync, "/party")
    assert a.retry(lambda: sorted(guests[0])) == ["a", "b"]
    b.retry(guests[1].leave)
    until(lambda: a.retry(lambda: sorted(guests[0])) == ["a"], "one guest")


def watches(a, b):
    values, lists = [], []
    a.create("/watched", b"0")
    b.sync("/watched")
    b.DataWatch("/watched", lambda data, stat: values.append(data))
    b.ChildrenWatch("/watched", lambda children: lists.append(sorted(children)))
    yield
    a.retry(a.set, "/watched", b"1")
    until(lambda: values[-1] == b"1", "the new data: %r" % values)
    a.retry(a.ensure_path, "/watched/child")
    until(lambda: lists[-1] == ["child"], "the new child: %r" % lists)


def counter(a, b):
    mine, theirs = a.Counter("/counter"), b.Counter("/counter")
    mine += 2
    theirs += 3
    yield
    theirs += 4
    a.retry(a.sync, "/counter")
    assert a.retry(lambda: mine.value) == 9


def advance(name, recipe):
    """Whether the recipe got to its next stop; a failure is reported, and ends it."""
    try:
        next(recipe)
        return True
    except StopIteration:
        error = None
    except Exception as failure:
        line = sys.exc_info()[2].tb_next.tb_lineno
        error = "line %d: %s: %s" % (line, type(failure).__name__, failure)
    print(json.dumps({"check": name, "error": error}), flush=True)
    return False


def main(hosts, leader_pid=None):
    retry = KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5, deadline=LIMIT_S)
    options = {"connection_retry": retry, "command_retry": retry}
    clients = [connect(hosts, **options) for _ in range(2)]
    recipes = (lock, semaphore, election, queue, party, watches, counter)
    begun = [(recipe.__name__, recipe(*clients)) for recipe in recipes]
    held = [(name, recipe) for name, recipe in begun if advance(name, recipe)]
    if leader_pid is not None:
        os.kill(int(leader_pid), signal.SIGKILL)
    for name, recipe in held:
        advance(name, recipe)
    close_all()


main(*sys.argv[1:])
