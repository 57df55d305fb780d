package org.apache.zookeeper.test;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ensemble.standins.EnsembleQuorumPeer;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.zookeeper.PortAssignment;
import org.apache.zookeeper.TestableZooKeeper;
import org.apache.zookeeper.server.quorum.QuorumPeer;
import org.apache.zookeeper.server.quorum.QuorumPeer.LearnerType;
import org.apache.zookeeper.server.quorum.QuorumPeer.QuorumServer;
import org.apache.zookeeper.server.quorum.QuorumPeer.ServerState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * In the place of ZooKeeper's class of this name: five of our servers for each test, the last two
 * of them observers when the test asks for observers.
 */
public class QuorumBase extends ClientBase {
    protected static final String LOCALADDR = "127.0.0.1";
    private static final EnsembleQuorumPeer.Limits LIMITS =
            new EnsembleQuorumPeer.Limits(2_000, 3, 3);

    protected int port1;
    protected int port2;
    protected int port3;
    protected int port4;
    protected int port5;
    protected int portLE1;
    protected int portLE2;
    protected int portLE3;
    protected int portLE4;
    protected int portLE5;
    protected int portClient1;
    protected int portClient2;
    protected int portClient3;
    protected int portClient4;
    protected int portClient5;
    protected boolean localSessionsEnabled = false;
    protected boolean localSessionsUpgradingEnabled = false;

    QuorumPeer s1;
    QuorumPeer s2;
    QuorumPeer s3;
    QuorumPeer s4;
    QuorumPeer s5;

    File s1dir;
    File s2dir;
    File s3dir;
    File s4dir;
    File s5dir;

    private boolean withObservers;

    @BeforeEach
    @Override
    public void setUp() throws Exception {
        setUp(false, true);
    }

    /** The oracle is for ensembles of two; five decide by majority with it or without it. */
    protected void setUp(boolean withObservers, boolean withOracle) throws Exception {
        setupTestEnv();
        setUpAll();
        this.withObservers = withObservers;
        assignPorts();
        s1dir = createTmpDir();
        s2dir = createTmpDir();
        s3dir = createTmpDir();
        s4dir = createTmpDir();
        s5dir = createTmpDir();
        startServers();
    }

    void startServers() throws Exception {
        setupServers();
        for (QuorumPeer peer : getPeerList()) {
            peer.start();
        }
        for (String server : hostPort.split(",")) {
            assertTrue(waitForServerUp(server, CONNECTION_TIMEOUT), "server up: " + server);
        }
    }

    private void assignPorts() {
        port1 = PortAssignment.unique();
        port2 = PortAssignment.unique();
        port3 = PortAssignment.unique();
        port4 = PortAssignment.unique();
        port5 = PortAssignment.unique();
        portLE1 = PortAssignment.unique();
        portLE2 = PortAssignment.unique();
        portLE3 = PortAssignment.unique();
        portLE4 = PortAssignment.unique();
        portLE5 = PortAssignment.unique();
        portClient1 = PortAssignment.unique();
        portClient2 = PortAssignment.unique();
        portClient3 = PortAssignment.unique();
        portClient4 = PortAssignment.unique();
        portClient5 = PortAssignment.unique();
        hostPort = Stream.of(portClient1, portClient2, portClient3, portClient4, portClient5)
                .map(port -> LOCALADDR + ":" + port)
                .collect(Collectors.joining(","));
    }

    public void setupServers() throws IOException {
        for (int id = 1; id <= 5; id++) {
            setupServer(id);
        }
    }

    /** Makes member {@code id} anew on its old folder; a test starts it. */
    public void setupServer(int id) throws IOException {
        QuorumPeer peer =
                new EnsembleQuorumPeer(members(), folders().get(id - 1), id, LIMITS);
        peer.setLearnerType(typeOf(id));
        peer.enableLocalSessions(localSessionsEnabled);
        peer.enableLocalSessionsUpgrading(localSessionsUpgradingEnabled);
        switch (id) {
            case 1:
                s1 = peer;
                break;
            case 2:
                s2 = peer;
                break;
            case 3:
                s3 = peer;
                break;
            case 4:
                s4 = peer;
                break;
            default:
                s5 = peer;
        }
    }

    private List<File> folders() {
        return Arrays.asList(s1dir, s2dir, s3dir, s4dir, s5dir);
    }

    private Map<Long, QuorumServer> members() {
        int[] quorum = {port1, port2, port3, port4, port5};
        int[] election = {portLE1, portLE2, portLE3, portLE4, portLE5};
        int[] client = {portClient1, portClient2, portClient3, portClient4, portClient5};
        Map<Long, QuorumServer> members = new HashMap<>();
        for (int id = 1; id <= 5; id++) {
            members.put((long) id, new QuorumServer(
                    id,
                    new InetSocketAddress(LOCALADDR, quorum[id - 1]),
                    new InetSocketAddress(LOCALADDR, election[id - 1]),
                    new InetSocketAddress(LOCALADDR, client[id - 1]),
                    typeOf(id)));
        }
        return members;
    }

    private LearnerType typeOf(int id) {
        return withObservers && id > 3 ? LearnerType.OBSERVER : LearnerType.PARTICIPANT;
    }

    public ArrayList<QuorumPeer> getPeerList() {
        return new ArrayList<>(Arrays.asList(s1, s2, s3, s4, s5));
    }

    /** From 0; -1 when nobody leads. */
    public int getLeaderIndex() {
        return getPeerList().indexOf(getLeaderQuorumPeer());
    }

    public QuorumPeer getLeaderQuorumPeer() {
        return getPeerList().stream()
                .filter(peer -> peer.getPeerState() == ServerState.LEADING)
                .findFirst()
                .orElse(null);
    }

    public int getLeaderClientPort() {
        QuorumPeer leader = getLeaderQuorumPeer();
        return leader == null ? -1 : leader.getClientPort();
    }

    public File getLeaderDataDir() {
        int index = getLeaderIndex();
        return index == -1 ? null : folders().get(index);
    }

    public QuorumPeer getFirstObserver() {
        return withObservers ? s4 : null;
    }

    public int getFirstObserverClientPort() {
        return withObservers ? portClient4 : -1;
    }

    public QuorumPeer getPeerByClientPort(int port) {
        return getPeerList().stream()
                .filter(peer -> peer.getClientPort() == port)
                .findFirst()
                .orElse(null);
    }

    /** A connection string of the members in this state. */
    public String getPeersMatching(ServerState state) {
        return getPeerList().stream()
                .filter(peer -> peer.getPeerState() == state)
                .map(peer -> LOCALADDR + ":" + peer.getClientPort())
                .collect(Collectors.joining(","));
    }

    @AfterEach
    @Override
    public void tearDown() throws Exception {
        shutdownServers();
        for (String server : hostPort.split(",")) {
            assertTrue(waitForServerDown(server, CONNECTION_TIMEOUT), "server down: " + server);
        }
    }

    public void shutdownServers() {
        getPeerList().forEach(QuorumBase::shutdown);
    }

    public static void shutdown(QuorumPeer peer) {
        if (peer != null) {
            peer.shutdown();
        }
    }

    @Override
    protected TestableZooKeeper createClient() throws IOException, InterruptedException {
        return createClient(hostPort);
    }

    @Override
    protected TestableZooKeeper createClient(String servers)
            throws IOException, InterruptedException {
        return createClient(new CountdownWatcher(), servers);
    }

    protected TestableZooKeeper createClient(CountdownWatcher watcher, ServerState state)
            throws IOException, InterruptedException {
        return createClient(watcher, getPeersMatching(state));
    }
}
