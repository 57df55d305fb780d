import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;
import org.apache.curator.retry.RetryForever;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.zookeeper.WatchedEvent;

/**
 * Apache Curator's recipes against the servers at args[0], in two clients: what each recipe holds
 * before, and whether it still does after, the process args[1] (a leader) was killed; without
 * args[1] nobody is killed. Prints one line of JSON for each recipe.
 */
public final class CuratorRecipes {
    private static final long LIMIT_S = 20;
    private static final int SHORT_MS = 200;

    private final CuratorFramework a;
    private final CuratorFramework b;

    /** What a recipe leaves to be done after the loss of the leader. */
    private interface Rest {
        void run() throws Exception;
    }

    private CuratorRecipes(CuratorFramework a, CuratorFramework b) {
        this.a = a;
        this.b = b;
    }

    public static void main(String[] args) throws Exception {
        CuratorRecipes recipes = new CuratorRecipes(connect(args[0]), connect(args[0]));
        Map<String, Callable<Rest>> checks = recipes.all();
        Map<String, Rest> rests = new java.util.LinkedHashMap<>();
        for (String name : checks.keySet()) {
            report(name, () -> rests.put(name, checks.get(name).call()), false);
        }
        if (args.length > 1) {
            ProcessHandle.of(Long.parseLong(args[1])).orElseThrow().destroyForcibly();
        }
        for (String name : rests.keySet()) report(name, rests.get(name), true);
        recipes.a.close();
        recipes.b.close();
        System.exit(0);
    }

    private Map<String, Callable<Rest>> all() {
        Map<String, Callable<Rest>> checks = new java.util.LinkedHashMap<>();
        checks.put("mutex", this::mutex);
        checks.put("semaphore", this::semaphore);
        checks.put("leader latch", this::leaderLatch);
        checks.put("persistent watcher", this::persistentWatcher);
        checks.put("cache", this::cache);
        checks.put("queue", this::queue);
        checks.put("service discovery", this::serviceDiscovery);
        return checks;
    }

    private Rest mutex() throws Exception {
        InterProcessMutex mine = new InterProcessMutex(a, "/mutex");
        InterProcessMutex theirs = new InterProcessMutex(b, "/mutex");
        check(mine.acquire(LIMIT_S, TimeUnit.SECONDS), "a free lock was not given");
        check(!theirs.acquire(SHORT_MS, TimeUnit.MILLISECONDS), "a held lock was given");
        return () -> {
            check(!theirs.acquire(SHORT_MS, TimeUnit.MILLISECONDS), "the lock was lost");
            mine.release();
            check(theirs.acquire(LIMIT_S, TimeUnit.SECONDS), "the lock was never passed on");
            theirs.release();
            check(theirs.getParticipantNodes().isEmpty(), "a participant is left");
        };
    }

    private Rest semaphore() throws Exception {
        InterProcessSemaphoreV2 mine = new InterProcessSemaphoreV2(a, "/semaphore", 2);
        InterProcessSemaphoreV2 theirs = new InterProcessSemaphoreV2(b, "/semaphore", 2);
        List<Lease> leases = new ArrayList<>(mine.acquire(2, LIMIT_S, TimeUnit.SECONDS));
        check(leases.size() == 2, "leases: " + leases.size());
        check(theirs.acquire(SHORT_MS, TimeUnit.MILLISECONDS) == null, "a third lease of two");
        return () -> {
            check(theirs.acquire(SHORT_MS, TimeUnit.MILLISECONDS) == null, "a lease was lost");
            mine.returnLease(leases.remove(0));
            Lease next = theirs.acquire(LIMIT_S, TimeUnit.SECONDS);
            check(next != null, "the lease was never passed on");
            theirs.returnLease(next);
            mine.returnAll(leases);
            check(theirs.getParticipantNodes().isEmpty(), "a lease is left");
        };
    }

    private Rest leaderLatch() throws Exception {
        LeaderLatch mine = new LeaderLatch(a, "/latch", "a");
        LeaderLatch theirs = new LeaderLatch(b, "/latch", "b");
        mine.start();
        check(mine.await(LIMIT_S, TimeUnit.SECONDS), "nobody leads");
        theirs.start();
        until("two take part", () -> theirs.getParticipants().size() == 2);
        check(!theirs.hasLeadership(), "two lead");
        return () -> {
            // Who was suspended has stepped down by itself and taken part again.
            until("one leads", () -> mine.hasLeadership() != theirs.hasLeadership()
                    && theirs.getParticipants().size() == 2);
            boolean isMine = mine.hasLeadership();
            (isMine ? mine : theirs).close();
            LeaderLatch other = isMine ? theirs : mine;
            check(other.await(LIMIT_S, TimeUnit.SECONDS), "leadership was never passed on");
            other.close();
        };
    }

    private Rest persistentWatcher() throws Exception {
        ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
        PersistentWatcher watcher = new PersistentWatcher(b, "/watched", true);
        watcher.getListenable().addListener((WatchedEvent event) -> {
            if (event.getPath() != null) seen.add(event.getType() + " " + event.getPath());
        });
        watcher.start();
        // The watch is set in the background; each attempt has a node of its own.
        a.create().forPath("/watched");
        until("the watch is set", () -> {
            String path = a.create().withMode(org.apache.zookeeper.CreateMode.PERSISTENT_SEQUENTIAL)
                    .forPath("/watched/probe-");
            return sees(seen, "NodeCreated " + path, SHORT_MS);
        });
        a.create().creatingParentsIfNeeded().forPath("/watched/deep/er");
        check(sees(seen, "NodeCreated /watched/deep/er", LIMIT_S * 1000), "events: " + seen);
        return () -> {
            b.sync().forPath("/watched");
            a.setData().forPath("/watched/deep/er", new byte[] {1});
            check(sees(seen, "NodeDataChanged /watched/deep/er", LIMIT_S * 1000), "events: " + seen);
            a.delete().forPath("/watched/deep/er");
            check(sees(seen, "NodeDeleted /watched/deep/er", LIMIT_S * 1000), "events: " + seen);
            watcher.close();
        };
    }

    private static boolean sees(ConcurrentLinkedQueue<String> seen, String event, long limitMs)
            throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMs);
        while (!seen.contains(event)) {
            if (System.nanoTime() > deadline) return false;
            Thread.sleep(10);
        }
        return true;
    }

    private Rest cache() throws Exception {
        for (String name : List.of("changes", "goes", "stays")) {
            a.create().creatingParentsIfNeeded().forPath("/cache/" + name, new byte[] {0});
        }
        CuratorCache cache = CuratorCache.build(b, "/cache");
        cache.start();
        until("the cache is filled", () -> textOf(cache).equals("changes=0 goes=0 stays=0"));
        a.setData().forPath("/cache/changes", new byte[] {1});
        until("the cache follows", () -> textOf(cache).equals("changes=1 goes=0 stays=0"));
        return () -> {
            a.setData().forPath("/cache/changes", new byte[] {2});
            a.delete().forPath("/cache/goes");
            a.create().forPath("/cache/late", new byte[] {3});
            until("the cache catches up", () -> textOf(cache).equals("changes=2 late=3 stays=0"));
            cache.close();
        };
    }

    private static String textOf(CuratorCache cache) {
        return cache.stream()
                .filter(node -> !node.getPath().equals("/cache"))
                .map(node -> node.getPath().substring("/cache/".length()) + "=" + node.getData()[0])
                .sorted()
                .collect(Collectors.joining(" "));
    }

    private Rest queue() throws Exception {
        SimpleDistributedQueue producer = new SimpleDistributedQueue(a, "/queue");
        SimpleDistributedQueue consumer = new SimpleDistributedQueue(b, "/queue");
        for (byte i = 0; i < 10; i++) check(producer.offer(new byte[] {i}), "offer " + i);
        for (byte i = 0; i < 5; i++) check(take(consumer) == i, "not taken in order: " + i);
        return () -> {
            b.sync().forPath("/queue");
            for (byte i = 5; i < 10; i++) check(take(consumer) == i, "not taken in order: " + i);
            check(consumer.poll() == null, "an item came twice");
            producer.offer(new byte[] {10});
            check(take(consumer) == 10, "the last item");
        };
    }

    private static byte take(SimpleDistributedQueue queue) throws Exception {
        byte[] item = queue.poll(LIMIT_S, TimeUnit.SECONDS);
        check(item != null, "the queue is empty");
        return item[0];
    }

    private Rest serviceDiscovery() throws Exception {
        ServiceDiscovery<Void> registry = discoveryOf(a);
        ServiceDiscovery<Void> reader = discoveryOf(b);
        ServiceInstance<Void> first = instance(1);
        ServiceInstance<Void> second = instance(2);
        registry.registerService(first);
        registry.registerService(second);
        b.sync().forPath("/discovery");
        until("both are found", () -> reader.queryForInstances("web").size() == 2);
        return () -> {
            b.sync().forPath("/discovery");
            until("both are found", () -> reader.queryForInstances("web").size() == 2);
            registry.unregisterService(first);
            until("one is left", () -> reader.queryForInstances("web").size() == 1);
            int port = reader.queryForInstances("web").iterator().next().getPort();
            check(port == 2, "left is port " + port);
            registry.close();
            until("none is left", () -> reader.queryForInstances("web").isEmpty());
            reader.close();
        };
    }

    private static ServiceDiscovery<Void> discoveryOf(CuratorFramework client) throws Exception {
        ServiceDiscovery<Void> discovery = ServiceDiscoveryBuilder.builder(Void.class)
                .client(client).basePath("/discovery").build();
        discovery.start();
        return discovery;
    }

    private static ServiceInstance<Void> instance(int port) throws Exception {
        return ServiceInstance.<Void>builder()
                .name("web").id("web-" + port).address("127.0.0.1").port(port).build();
    }

    private static CuratorFramework connect(String servers) throws InterruptedException {
        CuratorFramework client =
                CuratorFrameworkFactory.newClient(servers, 10_000, 10_000, new RetryForever(50));
        client.start();
        check(client.blockUntilConnected((int) LIMIT_S, TimeUnit.SECONDS), "not connected");
        return client;
    }

    /** A check that holds is reported once, by its last part; one that fails, at once. */
    private static void report(String name, Rest part, boolean isLast) {
        String error = null;
        try {
            part.run();
        } catch (Exception | AssertionError failure) {
            StackTraceElement[] trace = failure.getStackTrace();
            error = failure + (trace.length == 0 ? "" : " at " + trace[Math.min(1, trace.length - 1)]);
        }
        if (error == null && !isLast) return;
        String value = error == null ? "null" : quoted(error);
        System.out.println("{\"check\":" + quoted(name) + ",\"error\":" + value + "}");
    }

    private static String quoted(String text) {
        return "\"" + text.replaceAll("[\"\\\\\\p{Cntrl}]", " ") + "\"";
    }

    private static void until(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!condition.call()) {
            check(System.nanoTime() < deadline, "never: " + what);
            Thread.sleep(20);
        }
    }

    private static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }
}
