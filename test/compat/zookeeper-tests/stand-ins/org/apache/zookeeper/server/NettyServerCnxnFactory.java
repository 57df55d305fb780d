package org.apache.zookeeper.server;

import ensemble.standins.EnsembleCnxnFactory;

/** In the place of ZooKeeper's class of this name, which tests name for TLS. */
public class NettyServerCnxnFactory extends EnsembleCnxnFactory {}
