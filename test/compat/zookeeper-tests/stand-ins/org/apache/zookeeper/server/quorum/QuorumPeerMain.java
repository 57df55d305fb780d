package org.apache.zookeeper.server.quorum;

import ensemble.standins.EnsembleFilePeer;
import java.io.File;
import java.io.IOException;

/**
 * In the place of ZooKeeper's class of this name, the server's main program: runs our server with
 * the configuration file of the test.
 */
public class QuorumPeerMain {
    protected volatile QuorumPeer quorumPeer;

    /** Returns when the server has ended. */
    protected void initializeAndRun(String[] args) throws IOException, InterruptedException {
        EnsembleFilePeer peer = new EnsembleFilePeer(new File(args[0]));
        quorumPeer = peer;
        peer.runServer();
    }
}
