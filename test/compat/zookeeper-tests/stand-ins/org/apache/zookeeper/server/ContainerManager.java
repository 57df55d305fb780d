package org.apache.zookeeper.server;

/**
 * In the place of ZooKeeper's class of this name, which removes the nodes that are due. Tests make
 * one, pretend that a node is of some age, and have it look; here the node gets that old, and the
 * server looks by itself. For that the server has to look every {@value #LOOK_INTERVAL_MS} ms,
 * which it is told by {@link #CHECK_INTERVAL_KEY}.
 */
public class ContainerManager {
    /** The key of a configuration file. */
    public static final String CHECK_INTERVAL_KEY = "znode.container.checkIntervalMs";

    public static final int LOOK_INTERVAL_MS = 1_000;

    public ContainerManager(
            ZKDatabase database, RequestProcessor processor, int interval, int perMinuteMax) {}

    /**
     * When the pretended age is one at which nodes of the tests may be due, returns after the
     * server must have looked at nodes of this age.
     */
    public void checkContainers() throws InterruptedException {
        long age = getElapsed(null);
        if (age >= 100) {
            Thread.sleep(age + LOOK_INTERVAL_MS + LOOK_INTERVAL_MS / 2);
        }
    }

    protected long getElapsed(DataNode node) {
        return 0;
    }
}
