package org.apache.zookeeper.server;

import ensemble.standins.EnsembleCnxnFactory;

/** In the place of ZooKeeper's class of this name, which it takes when nothing else is asked for. */
public class NIOServerCnxnFactory extends EnsembleCnxnFactory {}
