/**
 * The schemas of how an ensemble is reached and watched: its Services, encryption, network policy
 * and what is made for Prometheus.
 */
import { choice, flag, group, handedOn, list, objectName, text } from "./json-schema.ts";
import { textMap, whole, word } from "./json-schema.ts";
import type { JsonSchema, Rule } from "./json-schema.ts";

const ANNOTATION_LENGTH_MAX = 4096;
const LABEL_LENGTH_MAX = 63;
const PORT_MAX = 65_535;
/** Longest address range in text: an IPv6 one. */
const RANGE_LENGTH_MAX = 43;

const LOAD_BALANCER_RULES: readonly Rule[] = [
  {
    rule: "!has(self.loadBalancerClass) || self.type == 'LoadBalancer'",
    message: "Expected loadBalancerClass to be set with type LoadBalancer only",
  },
  {
    rule:
      "!has(self.loadBalancerSourceRanges) || size(self.loadBalancerSourceRanges) == 0 || " +
      "self.type == 'LoadBalancer'",
    message: "Expected loadBalancerSourceRanges to be set with type LoadBalancer only",
  },
];

const LOAD_BALANCER_FIELDS: Readonly<Record<string, JsonSchema>> = {
  annotations: textMap("Annotations of the Service.", ANNOTATION_LENGTH_MAX),
  loadBalancerClass: text("The class of the load balancer; the cluster's default unless set."),
  loadBalancerSourceRanges: list(
    "Addresses from which the load balancer takes connections; all unless set.",
    text("A range such as 10.0.0.0/8.", RANGE_LENGTH_MAX),
    64,
  ),
};

/** `spec.service` */
export const SERVICE_SCHEMA: JsonSchema = group("How clients reach the members.", {
  client: group(
    "The Service over all members that serve, named as the ensemble.",
    {
      type: word("Its type.", ["ClusterIP", "NodePort", "LoadBalancer"], "ClusterIP"),
      port: { ...whole("Its port, and that of every member.", [1024, PORT_MAX]), default: 2181 },
      nodePort: whole("The port on every node; any free one unless set.", [1, PORT_MAX]),
      ...LOAD_BALANCER_FIELDS,
    },
    [
      ...LOAD_BALANCER_RULES,
      {
        rule: "!has(self.nodePort) || self.type != 'ClusterIP'",
        message: "Expected nodePort to be set with type NodePort or LoadBalancer only",
      },
      {
        rule: "!has(self.port) || !(self.port in [2888, 3888, 7000, 8080])",
        message: "Expected port not to be one that members use themselves (2888, 3888, 7000, 8080)",
      },
    ],
  ),
  external: {
    ...choice(
      "A Service for each member, for clients outside the cluster; none unless set.",
      {
        type: word("The type of each.", ["NodePort", "LoadBalancer"], "LoadBalancer"),
        ...LOAD_BALANCER_FIELDS,
      },
      LOAD_BALANCER_RULES,
    ),
  },
});

const TLS_SECRET =
  "The Secret with tls.crt, tls.key and ca.crt, as cert-manager writes it, in the ensemble's " +
  "namespace.";

/** `spec.tls` */
export const TLS_SCHEMA: JsonSchema = group("Encryption of connections.", {
  client: {
    ...choice("Connections of clients; not encrypted unless set.", {
      secretName: objectName(TLS_SECRET),
      clientAuthentication: word(
        "Whether clients show a certificate: None, Want (checked if shown) or Need.",
        ["None", "Want", "Need"],
        "Need",
      ),
      plaintext: flag("Whether clients may also connect without encryption.", false),
    }),
    required: ["secretName"],
  },
  quorum: {
    ...choice("Connections between members; not encrypted unless set.", {
      secretName: objectName(TLS_SECRET),
    }),
    required: ["secretName"],
  },
});

/** `spec.metrics` */
export const METRICS_SCHEMA: JsonSchema = group("What is made for the Prometheus operator.", {
  serviceMonitor: group("A ServiceMonitor for the members.", {
    enabled: flag("Whether there is one.", false),
    labels: textMap("Its labels, by which a Prometheus finds it.", LABEL_LENGTH_MAX),
    intervalSeconds: { ...whole("Time between two scrapes, in s.", [1, 3600]), default: 30 },
  }),
  rules: group("A PrometheusRule with alerts.", {
    enabled: flag("Whether there is one.", false),
    labels: textMap("Its labels, by which a Prometheus finds it.", LABEL_LENGTH_MAX),
  }),
});

/** `spec.networkPolicy` */
export const NETWORK_POLICY_SCHEMA: JsonSchema = group(
  "Who may connect to members: the quorum's ports are for members only.",
  {
    enabled: flag("Whether there is a NetworkPolicy.", true),
    clients: list(
      "Who may connect as a client; everybody unless set.",
      handedOn("A peer as in a NetworkPolicy."),
      64,
    ),
    monitoring: list(
      "Who may read metrics; everybody unless set.",
      handedOn("A peer as in a NetworkPolicy."),
      64,
    ),
  },
);
