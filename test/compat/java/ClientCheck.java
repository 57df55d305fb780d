import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/**
 * The Apache client API against the servers at args[0]: synchronous and asynchronous calls,
 * multi, one session on two connections, and watches that come back after the server of the
 * session was killed (the program prints the port that it is on, and waits until it is off it).
 */
public final class ClientCheck {
    private static final long LIMIT_S = 20;

    private ClientCheck() {}

    public static void main(String[] args) throws Exception {
        BlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();
        ZooKeeper zk = connect(args[0], events, 0, null);
        basics(zk);
        pipeline(zk);
        transactions(zk);
        sessions(args[0], zk);
        reconnect(zk, events);
        zk.close();
        System.out.println("passed");
        System.exit(0);
    }

    private static ZooKeeper connect(
            String servers, BlockingQueue<WatchedEvent> events, long id, byte[] password)
            throws Exception {
        ZooKeeper zk = id == 0
                ? new ZooKeeper(servers, 10_000, events::add)
                : new ZooKeeper(servers, 10_000, events::add, id, password);
        until(events, KeeperState.SyncConnected);
        return zk;
    }

    private static void basics(ZooKeeper zk) throws Exception {
        Stat stat = new Stat();
        zk.create("/java", bytes("one"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, stat);
        check(stat.getCzxid() == stat.getMzxid() && stat.getDataLength() == 3, "stat " + stat);
        check("one".equals(text(zk.getData("/java", false, stat))), "data");
        check(zk.setData("/java", bytes("two"), 0).getVersion() == 1, "version");
        zk.create("/java/null", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        check(zk.getData("/java/null", false, null) == null, "null data");
        check(zk.getChildren("/java", false).equals(List.of("null")), "children");
        zk.delete("/java/null", -1);
        try {
            zk.setData("/java", bytes("x"), 0);
            check(false, "a bad version passed");
        } catch (KeeperException.BadVersionException expected) {
            check("/java".equals(expected.getPath()), "path of failure");
        }
    }

    private static void pipeline(ZooKeeper zk) throws Exception {
        int count = 500;
        CountDownLatch left = new CountDownLatch(count * 2);
        List<Integer> seen = new ArrayList<>();
        zk.create("/java/p", bytes("-1"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        for (int i = 0; i < count; i++) {
            zk.setData("/java/p", bytes("" + i), i, (rc, path, ctx, stat) -> {
                if (rc == 0) left.countDown();
            }, null);
            zk.getData("/java/p", false, (rc, path, ctx, data, stat) -> {
                seen.add(Integer.valueOf(text(data)));
                left.countDown();
            }, null);
        }
        check(left.await(LIMIT_S, TimeUnit.SECONDS), "replies missing: " + left.getCount());
        for (int i = 0; i < count; i++) check(seen.get(i) == i, "read " + i + ": " + seen.get(i));
    }

    private static void transactions(ZooKeeper zk) throws Exception {
        List<OpResult> results = zk.multi(Arrays.asList(
                Op.create("/java/m", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                Op.setData("/java/m", bytes("x"), 0),
                Op.check("/java/m", 1),
                Op.delete("/java/m", 1)));
        check(results.size() == 4, "results");
        try {
            zk.multi(Arrays.asList(Op.check("/java", -1), Op.delete("/java/none", -1)));
            check(false, "a failing multi passed");
        } catch (KeeperException.NoNodeException expected) {
            check(expected.getResults().size() == 2, "results of failure");
        }
    }

    private static void sessions(String servers, ZooKeeper zk) throws Exception {
        BlockingQueue<WatchedEvent> firstEvents = new LinkedBlockingQueue<>();
        ZooKeeper first = connect(servers, firstEvents, 0, null);
        long id = first.getSessionId();
        first.create("/java/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        ZooKeeper second =
                connect(servers, new LinkedBlockingQueue<>(), id, first.getSessionPasswd());
        check(second.getSessionId() == id, "session id");
        second.setData("/java/e", bytes("mine"), -1);
        second.close();
        zk.sync("/java/e", (rc, path, ctx) -> { }, null);
        check(zk.exists("/java/e", false) == null, "ephemeral node of a closed session");
        until(firstEvents, KeeperState.Expired);
        first.close();
    }

    private static void reconnect(ZooKeeper zk, BlockingQueue<WatchedEvent> events)
            throws Exception {
        zk.getData("/java/p", true, null);
        zk.getChildren("/java", true);
        zk.exists("/java/late", true);
        events.clear();
        String state = zk.toString();
        System.out.println("on port " + state.replaceAll("(?s).*remoteserver:\\S*:(\\d+).*", "$1"));
        until(events, KeeperState.Disconnected);
        until(events, KeeperState.SyncConnected);
        zk.create("/java/late", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        zk.setData("/java/p", bytes("changed"), -1);
        List<String> fired = new ArrayList<>();
        while (fired.size() < 3) {
            WatchedEvent event = events.poll(LIMIT_S, TimeUnit.SECONDS);
            check(event != null, "watches fired: " + fired);
            if (event.getType() != EventType.None) fired.add(event.getType() + event.getPath());
        }
        List<String> wanted = List.of(
                "NodeCreated/java/late", "NodeChildrenChanged/java", "NodeDataChanged/java/p");
        check(fired.equals(wanted), "watches fired: " + fired);
    }

    private static void until(BlockingQueue<WatchedEvent> events, KeeperState state)
            throws InterruptedException {
        WatchedEvent event;
        do {
            event = events.poll(LIMIT_S, TimeUnit.SECONDS);
            check(event != null, "never " + state);
        } while (event.getState() != state);
    }

    private static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
