/**
 * Names of certificate owners as the `x509` scheme of ACLs writes them: what Java's `X500Principal`
 * takes (RFC 2253 and the older RFC 1779), such as `CN=client,O=Acme`. Only whether a text is
 * such a name is decided here: names are compared as they are, character by character.
 */

/** Attribute types that Java knows by keyword; any other one is given as an OID. */
const keywords: ReadonlySet<string> = new Set([
  "C",
  "CN",
  "DC",
  "DNQ",
  "DNQUALIFIER",
  "EMAIL",
  "EMAILADDRESS",
  "GENERATION",
  "GIVENNAME",
  "INITIALS",
  "IP",
  "L",
  "O",
  "OU",
  "S",
  "SERIALNUMBER",
  "ST",
  "STREET",
  "SURNAME",
  "T",
  "UID",
]);

const type = /([A-Za-z]+|(?:OID\.)?\d+(?:\.\d+)+)/;

/** In quotes, in hexadecimal, or with escapes. */
const value = [
  /"(?:[^"\\]|\\.)*"/,
  /#(?:[\dA-Fa-f]{2})+/,
  /(?!#)(?:[^,+;"<>\\=]|\\(?:[\dA-Fa-f]{2}|.))*/,
];

const attribute = new RegExp(
  `\\s*${type.source}\\s*=\\s*(?:${value.map(({ source }) => source).join("|")})\\s*`,
  "uy",
);

/** Whether `text` names somebody; the empty text is the name without attributes. */
export function isDistinguishedName(text: string): boolean {
  if (text.trim() === "") return true;
  attribute.lastIndex = 0;
  for (;;) {
    const [, type = ""] = attribute.exec(text) ?? [];
    if (type === "" || (/^[A-Za-z]/.test(type) && !isKnown(type))) return false;
    const end = attribute.lastIndex;
    if (end === text.length) return true;
    if (!",;+".includes(text.charAt(end))) return false;
    attribute.lastIndex = end + 1;
  }
}

function isKnown(type: string): boolean {
  return type.startsWith("OID.") || keywords.has(type.toUpperCase());
}
