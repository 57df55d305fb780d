/**
 * The schema of what a user says for an ensemble to go on without its quorum, and of what the
 * operator writes down about it. The consent names the ensemble and what is left of it, so that it
 * is for one loss alone: the recovered ensemble has another identity, and one that serves moves on.
 */
import { choice, text, whole } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";

const ZXID = String.raw`^0x[0-9a-f]{1,16}$`;

/** `spec.recovery` */
export const RECOVERY_SCHEMA: JsonSchema = {
  ...choice(
    "Consent to go on with one member's data when the quorum is lost for good. It is used once, " +
      "for the ensemble and the transaction that it names; status.conditions says what is amiss.",
    {
      survivor: whole("The id of the member that has kept its data; see status.members.", [1, 99]),
      ensembleUid: text("The ensemble that has lost its quorum: status.ensembleUid.", 64),
      zxid: {
        type: "string",
        description:
          "The survivor's last transaction in hexadecimal, as status.members has it. What was " +
          "acknowledged after it may be lost.",
        maxLength: 18,
        pattern: ZXID,
        "x-expected": "a zxid in quotes, such as '0x1200000034'",
      },
      acceptDataLoss: {
        type: "boolean",
        description: "Whether that is accepted; without, it is only said what may be lost.",
        default: false,
      },
    },
  ),
  required: ["survivor", "ensembleUid", "zxid"],
};

/** `status.recovery` */
export const RECOVERY_STATUS: JsonSchema = {
  type: "object",
  description: "The last recovery from the loss of a quorum, and what may have been lost by it.",
  required: ["survivor", "lostEnsembleUid", "zxid"],
  properties: {
    survivor: { type: "integer", format: "int64", description: "The id of the survivor." },
    lostEnsembleUid: text("The identity that the ensemble had before.", 64),
    zxid: text("The survivor's last transaction; whatever came after it may be lost.", 18),
    others: {
      type: "array",
      description: "What the others were last known to have, by ascending id.",
      maxItems: 198,
      items: {
        type: "object",
        description: "A member that its data was given up of.",
        required: ["id"],
        properties: {
          id: { type: "integer", format: "int64", description: "Its server id." },
          zxid: text(
            "The last transaction that it was known to have; none if that is not known.",
            18,
          ),
        },
      },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["id"],
    },
  },
};
