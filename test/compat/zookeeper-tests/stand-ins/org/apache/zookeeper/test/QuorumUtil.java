package org.apache.zookeeper.test;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ensemble.standins.EnsembleQuorumPeer;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.zookeeper.PortAssignment;
import org.apache.zookeeper.server.quorum.QuorumPeer;
import org.apache.zookeeper.server.quorum.QuorumPeer.LearnerType;
import org.apache.zookeeper.server.quorum.QuorumPeer.QuorumServer;
import org.apache.zookeeper.server.quorum.QuorumPeer.ServerState;

/** In the place of ZooKeeper's class of this name: 2n+1 of our servers, started one by one. */
public class QuorumUtil {
    /** One member; {@code peer} is another object after each start. */
    public static class PeerStruct {
        public int id;
        public QuorumPeer peer;
        public File dataDir;
        public int clientPort;
    }

    public final int N;
    public final int ALL;
    public boolean disableJMXTest = false;

    private final Map<Integer, PeerStruct> peers = new TreeMap<>();
    private final Map<Long, QuorumServer> members = new HashMap<>();
    private final EnsembleQuorumPeer.Limits limits;
    private boolean localSessions = false;

    public QuorumUtil(int n) {
        this(n, 3);
    }

    public QuorumUtil(int n, int syncLimit) {
        N = n;
        ALL = 2 * n + 1;
        limits = new EnsembleQuorumPeer.Limits(2_000, 3, syncLimit);
        ClientBase.setupTestEnv();
        try {
            for (int id = 1; id <= ALL; id++) {
                addMember(id);
            }
            for (PeerStruct member : peers.values()) {
                makePeer(member);
            }
        } catch (IOException e) {
            throw new RuntimeException(e);
        }
    }

    private void addMember(int id) throws IOException {
        PeerStruct member = new PeerStruct();
        member.id = id;
        member.dataDir = ClientBase.createTmpDir();
        member.clientPort = PortAssignment.unique();
        peers.put(id, member);
        members.put((long) id, new QuorumServer(
                id,
                new InetSocketAddress("127.0.0.1", PortAssignment.unique()),
                new InetSocketAddress("127.0.0.1", PortAssignment.unique()),
                new InetSocketAddress("127.0.0.1", member.clientPort),
                LearnerType.PARTICIPANT));
    }

    private void makePeer(PeerStruct member) throws IOException {
        member.peer = new EnsembleQuorumPeer(members, member.dataDir, member.id, limits);
        member.peer.enableLocalSessions(localSessions);
    }

    public PeerStruct getPeer(int id) {
        return peers.get(id);
    }

    public void enableLocalSession(boolean enabled) {
        localSessions = enabled;
    }

    public void startAll() throws IOException {
        shutdownAll();
        startFirst(ALL);
    }

    /** Starts members 1 to n+1. */
    public void startQuorum() throws IOException {
        shutdownAll();
        startFirst(N + 1);
    }

    private void startFirst(int count) throws IOException {
        for (int id = 1; id <= count; id++) {
            start(id);
        }
        for (int id = 1; id <= count; id++) {
            awaitUp(id);
        }
    }

    public void start(int id) throws IOException {
        PeerStruct member = peers.get(id);
        makePeer(member);
        member.peer.start();
    }

    public void restart(int id) throws IOException {
        start(id);
        awaitUp(id);
    }

    public void startThenShutdown(int id) throws IOException {
        restart(id);
        shutdown(id);
    }

    public void shutdownAll() {
        for (PeerStruct member : peers.values()) {
            member.peer.shutdown();
        }
        for (int id : peers.keySet()) {
            String server = getConnectionStringForServer(id);
            boolean down = ClientBase.waitForServerDown(server, ClientBase.CONNECTION_TIMEOUT);
            assertTrue(down, "server down: " + server);
        }
    }

    public void shutdown(int id) {
        peers.get(id).peer.shutdown();
    }

    public void tearDown() throws Exception {
        shutdownAll();
    }

    private void awaitUp(int id) {
        String server = getConnectionStringForServer(id);
        boolean up = ClientBase.waitForServerUp(server, ClientBase.CONNECTION_TIMEOUT);
        assertTrue(up, "server up: " + server);
    }

    public String getConnString() {
        return peers.keySet().stream()
                .map(this::getConnectionStringForServer)
                .collect(Collectors.joining(","));
    }

    public String getConnectString(QuorumPeer peer) {
        return "127.0.0.1:" + peer.getClientPort();
    }

    public String getConnectionStringForServer(int id) {
        return "127.0.0.1:" + peers.get(id).clientPort;
    }

    public boolean allPeersAreConnected() {
        return peers.values().stream()
                .noneMatch(member -> member.peer.getPeerState() == ServerState.LOOKING);
    }

    public QuorumPeer getLeaderQuorumPeer() {
        return peers.get(getLeaderServer()).peer;
    }

    public List<QuorumPeer> getFollowerQuorumPeers() {
        return peers.values().stream()
                .map(member -> member.peer)
                .filter(peer -> peer.getPeerState() != ServerState.LEADING)
                .collect(Collectors.toList());
    }

    public int getLeaderServer() {
        int id = leaderOrZero();
        assertTrue(id > 0, "somebody leads");
        return id;
    }

    public boolean leaderExists() {
        return leaderOrZero() > 0;
    }

    private int leaderOrZero() {
        return peers.values().stream()
                .filter(member -> member.peer.getPeerState() == ServerState.LEADING)
                .mapToInt(member -> member.id)
                .findFirst()
                .orElse(0);
    }
}
