package ensemble.standins;

import ensemble.tests.ServerProcess;
import java.io.File;
import java.io.IOException;
import org.apache.zookeeper.server.quorum.QuorumPeer;

/** A server of ours that runs from a file which a test has written. */
public final class EnsembleFilePeer extends QuorumPeer {
    private final ServerProcess process;

    public EnsembleFilePeer(File configuration) throws IOException {
        process = ServerProcess.start(new Configuration().addedTo(configuration));
    }

    /** Returns when the process has ended. */
    public void runServer() throws InterruptedException {
        process.join();
    }

    @Override
    public void shutdown() {
        process.stop();
    }
}
