package ensemble.standins;

import ensemble.tests.ServerProcess;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.zookeeper.client.FourLetterWordMain;
import org.apache.zookeeper.common.X509Exception.SSLContextException;
import org.apache.zookeeper.server.quorum.QuorumPeer;

/**
 * A member of an ensemble whose {@link #start} starts our server as a process. It takes the place
 * of a {@link QuorumPeer}, of which only the settings are used: no thread of it ever runs, and its
 * fields {@code leader}, {@code follower} and {@code observer} stay null. What a test may know of
 * its state is asked of the process.
 */
public class EnsembleQuorumPeer extends QuorumPeer {
    private static final Pattern MODE = Pattern.compile("^Mode: (\\S+)$", Pattern.MULTILINE);
    private static final Map<String, ServerState> STATES = Map.of(
            "leader", ServerState.LEADING,
            "follower", ServerState.FOLLOWING,
            "observer", ServerState.OBSERVING);

    private final Map<Long, QuorumServer> members;
    private final File folder;
    private final int clientPort;
    private ServerProcess process;

    public EnsembleQuorumPeer(Map<Long, QuorumServer> members, File folder, long id, Limits limits)
            throws IOException {
        super(
                members, folder, folder, members.get(id).clientAddr.getPort(), 3, id,
                limits.tickTime, limits.initLimit, limits.syncLimit, limits.initLimit);
        this.members = members;
        this.folder = folder;
        this.clientPort = members.get(id).clientAddr.getPort();
    }

    /** Time limits of an ensemble, in ms and in ticks. */
    public static final class Limits {
        private final int tickTime;
        private final int initLimit;
        private final int syncLimit;

        public Limits(int tickTime, int initLimit, int syncLimit) {
            this.tickTime = tickTime;
            this.initLimit = initLimit;
            this.syncLimit = syncLimit;
        }
    }

    /** Starts the process and returns once it listens to clients; it may not serve them yet. */
    @Override
    public synchronized void start() {
        Configuration configuration = new Configuration()
                .put("dataDir", folder)
                .put("tickTime", getTickTime())
                .put("initLimit", getInitLimit())
                .put("syncLimit", getSyncLimit())
                .put("clientPort", clientPort)
                .put("clientPortAddress", "127.0.0.1")
                .put("localSessionsEnabled", areLocalSessionsEnabled())
                .put("localSessionsUpgradingEnabled", isLocalSessionsUpgradingEnabled())
                .put("peerType", getLearnerType().name().toLowerCase());
        new TreeMap<>(members).forEach((id, member) -> {
            int quorumPort = member.addr.getOne().getPort();
            int electionPort = member.electionAddr.getOne().getPort();
            configuration.put(
                    "server." + id,
                    "127.0.0.1:" + quorumPort + ":" + electionPort
                            + ":" + member.type.name().toLowerCase());
        });
        try {
            Files.writeString(new File(folder, "myid").toPath(), getMyId() + "\n");
            process = ServerProcess.start(configuration.writeTo(new File(folder, "zoo.cfg")));
            process.awaitPort(new InetSocketAddress("127.0.0.1", clientPort));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void shutdown() {
        if (process != null) {
            process.stop();
        }
    }

    @Override
    public synchronized ServerState getPeerState() {
        return STATES.getOrDefault(mode(), ServerState.LOOKING);
    }

    /** As in the field {@code Mode} of {@code srvr}, in ZooKeeper's words for this method. */
    @Override
    public String getServerState() {
        switch (getPeerState()) {
            case LEADING:
                return "leading";
            case FOLLOWING:
                return "following";
            case OBSERVING:
                return "observing";
            default:
                return "leaderelection";
        }
    }

    private String mode() {
        try {
            String answer = FourLetterWordMain.send4LetterWord("127.0.0.1", clientPort, "srvr");
            Matcher matcher = MODE.matcher(answer);
            return matcher.find() ? matcher.group(1) : "none";
        } catch (IOException | SSLContextException e) {
            return "none";
        }
    }
}
