import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ClientInfo;

/**
 * The Apache client with other ways to authenticate: connects to args[0] with the system
 * properties args[1…] (name=value) and prints, a line each, how the connection went, who it is
 * for the server, and whether it can use a node that only its own identity may use. Ends after
 * the first failure.
 */
public final class AccessCheck {
    private AccessCheck() {}

    public static void main(String[] args) throws Exception {
        for (int i = 1; i < args.length; i++) {
            int equals = args[i].indexOf('=');
            System.setProperty(args[i].substring(0, equals), args[i].substring(equals + 1));
        }
        BlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();
        ZooKeeper zk = new ZooKeeper(args[0], 10_000, events::add);
        try {
            if (!isConnected(events)) {
                System.out.println("not connected");
                System.exit(0);
            }
            for (ClientInfo info : zk.whoAmI()) {
                System.out.println("who " + info.getAuthScheme() + " " + info.getUser());
            }
            String path = zk.create("/own-", new byte[0], Ids.CREATOR_ALL_ACL,
                    CreateMode.EPHEMERAL_SEQUENTIAL);
            System.out.println("acl " + zk.getACL(path, null));
            zk.getData(path, false, null);
            zk.close();
            System.out.println("done");
        } catch (KeeperException e) {
            System.out.println("error " + e.code());
        }
        System.exit(0);
    }

    /** Prints the states of the connection up to the one that settles it; false when none came. */
    private static boolean isConnected(BlockingQueue<WatchedEvent> events) throws Exception {
        boolean isSasl = System.getProperty("java.security.auth.login.config") != null;
        for (;;) {
            WatchedEvent event = events.poll(8, TimeUnit.SECONDS);
            KeeperState state = event == null ? null : event.getState();
            System.out.println("state " + state);
            if (state == null || state == KeeperState.AuthFailed) return false;
            if (state == KeeperState.SyncConnected && !isSasl) return true;
            if (state != KeeperState.SyncConnected && state != KeeperState.Disconnected) return true;
        }
    }
}
