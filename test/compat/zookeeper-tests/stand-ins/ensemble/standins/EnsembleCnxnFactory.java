package ensemble.standins;

import ensemble.tests.ServerProcess;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.apache.zookeeper.server.ServerCnxn;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/**
 * Where ZooKeeper's own factory would listen and start the server in the test's JVM, this one
 * starts our server as a process with the same folders, ticks and limits. The
 * {@link ZooKeeperServer} of the test is only where these are read from: it is never started, and
 * knows no nodes, sessions or connections. What looks inside a server is refused.
 */
public abstract class EnsembleCnxnFactory extends ServerCnxnFactory {
    private InetSocketAddress address;
    private int backlog;
    private int connectionsPerHostMax;
    private ServerProcess process;

    @Override
    public void configure(
            InetSocketAddress address, int connectionsPerHostMax, int backlog, boolean secure)
            throws IOException {
        this.address = address.getPort() == 0 ? withFreePort(address) : address;
        this.connectionsPerHostMax = connectionsPerHostMax;
        this.backlog = backlog;
        this.secure = secure;
    }

    @Override
    public void startup(ZooKeeperServer server, boolean startServer)
            throws IOException, InterruptedException {
        if (!startServer) {
            throw inside("a server that only listens");
        }
        setZooKeeperServer(server);
        File dataFolder = server.getTxnLogFactory().getSnapDir().getParentFile();
        File logFolder = server.getTxnLogFactory().getDataLogDir().getParentFile();
        Configuration configuration = new Configuration()
                .putUsersOfJvm(dataFolder)
                .put("dataDir", dataFolder)
                .put("dataLogDir", logFolder)
                .put("tickTime", server.getTickTime())
                .put("minSessionTimeout", server.getMinSessionTimeout())
                .put("maxSessionTimeout", server.getMaxSessionTimeout())
                .putUnlessUnset("maxClientCnxns", connectionsPerHostMax)
                .putUnlessUnset("clientPortListenBacklog", backlog);
        String prefix = secure ? "secureClientPort" : "clientPort";
        configuration.put(prefix, address.getPort());
        if (!address.getAddress().isAnyLocalAddress()) {
            configuration.put(prefix + "Address", address.getAddress().getHostAddress());
        }
        process = ServerProcess.start(configuration.writeTo(new File(dataFolder, "zoo.cfg")));
        process.awaitPort(reachable());
    }

    @Override
    public void shutdown() {
        if (process != null) {
            process.stop();
        }
    }

    @Override
    public void join() throws InterruptedException {
        process.join();
    }

    @Override
    public int getLocalPort() {
        return address.getPort();
    }

    @Override
    public InetSocketAddress getLocalAddress() {
        return address;
    }

    @Override
    public int getMaxClientCnxnsPerHost() {
        return connectionsPerHostMax;
    }

    @Override
    public int getSocketListenBacklog() {
        return backlog;
    }

    @Override
    public void start() {
        throw inside("a server that only listens");
    }

    @Override
    public void reconfigure(InetSocketAddress address) {
        throw inside("another port for a server that runs");
    }

    @Override
    public void setMaxClientCnxnsPerHost(int max) {
        throw inside("another limit for a server that runs");
    }

    @Override
    public Iterable<ServerCnxn> getConnections() {
        throw inside("connections");
    }

    @Override
    public void closeAll(ServerCnxn.DisconnectReason reason) {
        throw inside("connections");
    }

    @Override
    public void resetAllConnectionStats() {
        throw inside("connections");
    }

    @Override
    public Iterable<Map<String, Object>> getAllConnectionInfo(boolean brief) {
        throw inside("connections");
    }

    /** A process cannot be asked which port it was given. */
    private static InetSocketAddress withFreePort(InetSocketAddress address) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, address.getAddress())) {
            return new InetSocketAddress(address.getAddress(), socket.getLocalPort());
        }
    }

    private InetSocketAddress reachable() {
        return address.getAddress().isAnyLocalAddress()
                ? new InetSocketAddress(InetAddress.getLoopbackAddress(), address.getPort())
                : address;
    }

    private static UnsupportedOperationException inside(String what) {
        return new UnsupportedOperationException("Not from outside the server: " + what);
    }
}
