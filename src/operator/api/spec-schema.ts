/**
 * The schema of `spec`. Settings in `config` are checked by the members' own table of keys, which
 * Kubernetes does not have: `ensemble up` refuses the file, and the operator says so in the
 * condition ConfigurationInSync. Rules cannot read `config`, as its values have no single type.
 */
import { METRICS_SCHEMA, NETWORK_POLICY_SCHEMA } from "./access-schema.ts";
import { SERVICE_SCHEMA, TLS_SCHEMA } from "./access-schema.ts";
import { choice, flag, group, objectName, whole } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { IMAGE_SCHEMA, POD_DISRUPTION_BUDGET_SCHEMA } from "./pod-schema.ts";
import { POD_TEMPLATE_SCHEMA, PROBES_SCHEMA } from "./pod-schema.ts";
import { RECOVERY_SCHEMA } from "./recovery-schema.ts";
import { RESOURCES_SCHEMA, STORAGE_SCHEMA } from "./storage-schema.ts";

/** Most voting members; far above what is sensible, yet a limit. Observers' ids begin above. */
const MEMBERS_MAX = 99;

const CONFIG: JsonSchema = {
  type: "object",
  description:
    "Settings for every member, with the keys of a ZooKeeper configuration file, such as " +
    "tickTime. Ports, folders and the list of servers are set by the operator. Those that the " +
    "table of keys calls live are taken up by running members; others restart them one by one.",
  default: {},
  maxProperties: 200,
  additionalProperties: {
    type: ["string", "number", "boolean"],
    "x-expected": "a text, a number, true or false",
  },
  "x-expected": "keys and values of a ZooKeeper configuration file",
};

const RESTORE = choice("Begin with the data of a backup.", {
  backup: objectName("The name of an EnsembleBackup in the same namespace."),
});

const IMPORT = choice("Join an ensemble that runs, take it over, and say when it may go.", {
  servers: {
    type: "array",
    description: "Client addresses of its servers.",
    minItems: 1,
    maxItems: 50,
    items: {
      type: "string",
      description: "A name or address and a port, such as zk-0.example.com:2181.",
      maxLength: 259,
      pattern: String.raw`^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$`,
      "x-expected": "a name or address, ':' and a port",
    },
    "x-kubernetes-list-type": "set",
    "x-expected": "a list of 1 to 50 addresses",
  },
  authSecretName: objectName(
    "A Secret with username and password of a user who may reconfigure that ensemble.",
  ),
  takeOver: flag(
    "Whether its servers leave the membership when all members have joined. While it is false " +
      "both are one ensemble, for clients to move at leisure.",
    true,
  ),
});

const BOOTSTRAP: JsonSchema = {
  ...choice(
    "How the ensemble begins: with exactly one of these, which cannot be another one later.",
    {
      empty: choice("Begin with nothing.", {}),
      restore: { ...RESTORE, required: ["backup"] },
      import: { ...IMPORT, required: ["servers"] },
    },
    [
      {
        rule: "[has(self.empty), has(self.restore), has(self.__import__)].exists_one(x, x)",
        message: "Expected exactly one of empty, restore and import",
      },
      {
        rule:
          "has(self.empty) == has(oldSelf.empty) && has(self.__import__) == " +
          "has(oldSelf.__import__) && (!has(self.restore) || !has(oldSelf.restore) || " +
          "self.restore == oldSelf.restore)",
        message:
          "Expected bootstrap to be of the same kind as before, as an ensemble begins only once",
      },
    ],
  ),
  default: { empty: {} },
};

/** `spec` */
export const SPEC_SCHEMA: JsonSchema = group(
  "What is wanted.",
  {
    replicas: {
      ...whole(
        "Number of voting members. An odd number is best: 3 survive the loss of one, 5 of two.",
        [1, MEMBERS_MAX],
      ),
      default: 3,
    },
    observers: {
      ...whole("Number of members that serve clients without a vote.", [0, MEMBERS_MAX]),
      default: 0,
    },
    version: {
      type: "string",
      description: "The version of the members, such as 1.2.3; that of the operator unless set.",
      maxLength: 64,
      pattern: String.raw`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`,
      "x-expected": "a version such as 1.2.3",
    },
    image: IMAGE_SCHEMA,
    storage: STORAGE_SCHEMA,
    resources: RESOURCES_SCHEMA,
    config: CONFIG,
    podTemplate: POD_TEMPLATE_SCHEMA,
    service: SERVICE_SCHEMA,
    podDisruptionBudget: POD_DISRUPTION_BUDGET_SCHEMA,
    probes: PROBES_SCHEMA,
    tls: TLS_SCHEMA,
    metrics: METRICS_SCHEMA,
    networkPolicy: NETWORK_POLICY_SCHEMA,
    clusterDomain: {
      type: "string",
      description: "The DNS domain of the cluster. It cannot be changed.",
      default: "cluster.local",
      maxLength: 180,
      pattern: String.raw`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`,
      "x-expected": "a DNS name in lower case without a dot at the end",
      "x-kubernetes-validations": [
        {
          rule: "self == oldSelf",
          message:
            "Expected clusterDomain to be as before, as it is in the address of every member",
        },
      ],
    },
    bootstrap: BOOTSTRAP,
    progressDeadlineSeconds: {
      ...whole(
        "How long the ensemble may come no closer to what is wanted before the condition " +
          "Progressing says DeadlineExceeded, in seconds. The operator goes on trying. More than " +
          "a new member needs for fetching all data.",
        [10, 604_800],
      ),
      default: 600,
    },
    recovery: RECOVERY_SCHEMA,
    paused: flag("Whether the operator only looks on: it reports, and changes nothing.", false),
    hibernated: flag("Whether all members are stopped, with their volumes kept.", false),
    deletionProtection: flag(
      "Whether deleting this object is refused, also with its namespace, by a policy that is " +
        "installed with the operator.",
      false,
    ),
  },
  [
    {
      rule: "!has(self.image) || !has(self.image.digest) || has(self.version)",
      message: "Expected version to be set with image.digest",
    },
  ],
);
