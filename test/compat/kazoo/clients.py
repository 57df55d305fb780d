"""Clients that are closed at the end, and waiting with a limit. Nothing waits for a fixed time."""

import time

from kazoo.client import KazooClient

LIMIT_S = 20
open_clients = []


def connect(hosts, timeout=10, **options):
    client = KazooClient(hosts=hosts, timeout=timeout, **options)
    client.start(timeout=LIMIT_S)
    open_clients.append(client)
    return client


def until(condition, what):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "never happened: " + what
        time.sleep(0.02)


def fails_with(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error:
        return
    raise AssertionError("%s%r did not raise %s" % (call.__name__, args, error.__name__))


def close_all():
    for client in open_clients:
        client.stop()
